package io.everpool.spring;

import io.everpool.console.Console;
import io.everpool.console.servlet.ConsoleServlet;
import jakarta.servlet.Servlet;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.core.env.Environment;

/**
 * The pools' page where {@code everpool.spring.console} says, beside Actuator's say; who may look
 * at it is for the application to say. It only looks, but for a {@link Console} that is a bean of
 * the application's.
 */
@AutoConfiguration(before = PoolsAutoConfiguration.class)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnClass({Console.class, Servlet.class, ServletRegistrationBean.class})
@ConditionalOnProperty("everpool.spring.console")
public final class ConsoleAutoConfiguration {

  /** For Spring. */
  public ConsoleAutoConfiguration() {}

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
    ServletRegistrationBean<ConsoleServlet> servlet =
        new ServletRegistrationBean<>(new ConsoleServlet(console), path + "/*");
    servlet.setName("everpoolConsole");
    return servlet;
  }

  /** A graceful stop would wait for whoever has a page open. */
  @Bean
  ApplicationListener<ContextClosedEvent> everpoolConsoleEnd(Console console) {
    return closed -> console.endPages();
  }
}
