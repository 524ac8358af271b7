package io.everpool.spring;

import static java.util.Objects.requireNonNull;

import io.everpool.servers.PostgresServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.beans.factory.config.BeanDefinitionCustomizer;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

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

  private static final boolean IS_3 = DATA_SOURCE.getName().contains("boot.autoconfigure");

  /** Our health of data sources. */
  static final Class<?> HEALTH =
      IS_3 ? Boot3HealthAutoConfiguration.class : Boot4HealthAutoConfiguration.class;

  /** Spring Boot's own. */
  static final Class<?> OWN_HEALTH =
      either(
          "org.springframework.boot.actuate.autoconfigure.jdbc"
              + ".DataSourceHealthContributorAutoConfiguration",
          "org.springframework.boot.jdbc.autoconfigure.health"
              + ".DataSourceHealthContributorAutoConfiguration");

  private static final Class<?> INDICATOR =
      either(
          "org.springframework.boot.actuate.health.HealthIndicator",
          "org.springframework.boot.health.contributor.HealthIndicator");

  private static final Class<?> NAMED =
      either(
          "org.springframework.boot.actuate.health.NamedContributor",
          "org.springframework.boot.health.contributor.HealthContributors$Entry");

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

  /**
   * What {@code dbHealthContributor} tells, by the names of the beans; of a single one by {@code
   * db}.
   */
  static Map<String, String> health(ApplicationContext context) {
    Object contributor = context.getBean("dbHealthContributor");
    if (INDICATOR.isInstance(contributor)) {
      return Map.of("db", told(contributor));
    }
    Map<String, String> told = new TreeMap<>();
    for (Object each : (Iterable<?>) contributor) {
      Object name = call(NAMED, IS_3 ? "getName" : "name", each);
      told.put(name.toString(), told(call(NAMED, IS_3 ? "getContributor" : "contributor", each)));
    }
    return told;
  }

  private static String told(Object indicator) {
    return call(INDICATOR, "health", indicator).toString();
  }

  private static Object call(Class<?> type, String method, Object target) {
    Method found = requireNonNull(ReflectionUtils.findMethod(type, method));
    return requireNonNull(ReflectionUtils.invokeMethod(found, target));
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
