package io.everpool.spring;

import io.everpool.servers.PostgresServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.springframework.beans.factory.config.BeanDefinitionCustomizer;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.util.ClassUtils;

/** What the tests have in common: Spring Boot of either version, and a server. */
final class Boot {
  static final Class<?> DATA_SOURCE =
      either(
          "org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration",
          "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration");

  private static final Class<?> DETAILS =
      either(
          "org.springframework.boot.autoconfigure.jdbc.JdbcConnectionDetails",
          "org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails");

  private Boot() {}

  /** Started when first wanted; it ends with this JVM. */
  private static final class Shared {
    private static final PostgresServer SERVER = PostgresServer.start();

    private Shared() {}
  }

  static PostgresServer server() {
    return Shared.SERVER;
  }

  /** The class that is there, of 3.5 or of 4. */
  static Class<?> either(String three, String four) {
    ClassLoader loader = Boot.class.getClassLoader();
    return ClassUtils.resolveClassName(ClassUtils.isPresent(three, loader) ? three : four, loader);
  }

  /** An application that has nothing but what makes data sources. */
  static ApplicationContextRunner runner() {
    return new ApplicationContextRunner()
        .withConfiguration(
            AutoConfigurations.of(
                EverpoolAutoConfiguration.class, PoolsAutoConfiguration.class, DATA_SOURCE));
  }

  /** One whose database is a new one of H2. */
  static ApplicationContextRunner onH2(String name) {
    return runner().withPropertyValues("spring.datasource.url=" + h2(name));
  }

  static String h2(String name) {
    return "jdbc:h2:mem:" + name + ";DB_CLOSE_DELAY=-1";
  }

  /** With a bean as Testcontainers and Docker Compose leave it. */
  static ApplicationContextRunner withServiceConnection(
      ApplicationContextRunner runner,
      String url,
      String user,
      String password,
      BeanDefinitionCustomizer... customizers) {
    Map<String, String> answers =
        Map.of("getJdbcUrl", url, "getUsername", user, "getPassword", password);
    Object details =
        Proxy.newProxyInstance(
            Boot.class.getClassLoader(),
            new Class<?>[] {DETAILS},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "hashCode" -> System.identityHashCode(proxy);
                  case "equals" -> proxy == arguments[0];
                  case "toString" -> "service connection";
                  default -> answers.get(method.getName());
                });
    return withBean(runner, DETAILS, details, customizers);
  }

  private static <T> ApplicationContextRunner withBean(
      ApplicationContextRunner runner,
      Class<T> type,
      Object bean,
      BeanDefinitionCustomizer... customizers) {
    return runner.withBean("details", type, () -> type.cast(bean), customizers);
  }

  /** What may throw anything. */
  interface Body {
    void run() throws Exception;
  }

  /** What is logged to the console meanwhile. Spring's extension for that wants another JUnit. */
  static String logged(Body body) throws Exception {
    PrintStream before = System.out;
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    System.setOut(new PrintStream(written, true, StandardCharsets.UTF_8));
    try {
      body.run();
    } finally {
      System.setOut(before);
    }
    return written.toString(StandardCharsets.UTF_8);
  }
}
