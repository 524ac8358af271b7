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
 * Serves the pools' page under the path that {@code everpool.spring.console} names, on the
 * application's own port. The page is no endpoint of Actuator's, and the application decides who
 * may look at it. Nobody can act on it, unless the application has a {@link Console} of its own as
 * a bean.
 */
@AutoConfiguration(before = PoolsAutoConfiguration.class)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnClass({Console.class, Servlet.class, ServletRegistrationBean.class})
@ConditionalOnProperty("everpool.spring.console")
public final class ConsoleAutoConfiguration {
  private static final Logger log = LoggerFactory.getLogger(ConsoleAutoConfiguration.class);

  /** Spring makes this object. */
  public ConsoleAutoConfiguration() {}

  /**
   * Whether the path looks as if it belonged to Actuator, while Actuator is served on another port.
   */
  private static boolean isBesideNothing(String path, Environment environment) {
    String managed = environment.getProperty("management.server.port");
    String base = environment.getProperty("management.endpoints.web.base-path", "/actuator");
    return managed != null
        && !managed.equals(environment.getProperty("server.port", "8080"))
        && path.startsWith(base + "/");
  }

  /** Makes the console. It is a listener, and so every pool gets it. */
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
