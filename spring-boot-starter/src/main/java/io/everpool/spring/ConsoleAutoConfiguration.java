package io.everpool.spring;

import io.everpool.console.Console;
import io.everpool.console.servlet.ConsoleServlet;
import jakarta.servlet.Servlet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

/**
 * The pools' page where {@code everpool.spring.console} says, on the application's own port. It is
 * no endpoint of Actuator's, and who may look at it is for the application to say. It only looks,
 * but for a {@link Console} that is a bean of the application's.
 */
@AutoConfiguration(before = PoolsAutoConfiguration.class)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnClass({Console.class, Servlet.class, ServletRegistrationBean.class})
@ConditionalOnProperty("everpool.spring.console")
public final class ConsoleAutoConfiguration {
  private static final Logger log = LoggerFactory.getLogger(ConsoleAutoConfiguration.class);

  /** For Spring. */
  public ConsoleAutoConfiguration() {}

  /** Whether Actuator isn't where the path looks as if it was. */
  private static boolean isBesideNothing(String path, Environment environment) {
    String managed = environment.getProperty("management.server.port");
    String base = environment.getProperty("management.endpoints.web.base-path", "/actuator");
    return managed != null
        && !managed.equals(environment.getProperty("server.port", "8080"))
        && path.startsWith(base + "/");
  }

  /** A listener, and so of every pool. */
  @Bean
  @ConditionalOnMissingBean
  Console everpoolConsole(Environment environment) {
    Console.Builder builder = Console.builder();
    new StarterSettings(environment).consoleHosts().forEach(builder::host);
    return builder.build();
  }

  @Bean
  ServletRegistrationBean<ConsoleServlet> everpoolConsoleServlet(
      Console console, Environment environment) {
    String path = new StarterSettings(environment).console();
    if (isBesideNothing(path, environment)) {
      log.warn(
          "{} is served on the application's own port, and Actuator on that of"
              + " management.server.port: what keeps others from Actuator keeps nobody from it",
          path);
    }
    ServletRegistrationBean<ConsoleServlet> servlet =
        new ServletRegistrationBean<>(new ConsoleServlet(console), path + "/*");
    servlet.setName("everpoolConsole");
    return servlet;
  }

  @Bean
  ConsoleLifecycle everpoolConsoleLifecycle(Console console) {
    return new ConsoleLifecycle(console);
  }
}
