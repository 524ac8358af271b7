package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.servers.PostgresServer;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.aopalliance.intercept.MethodInterceptor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;

/**
 * A pool whose bean is not the pool: datasource-micrometer, OpenTelemetry's starter and p6spy's
 * decorator put a DataSource of their own in its place, and an aspect a subclass.
 */
@Tag("contract")
@Timeout(120)
class DecoratedPoolTest {

  /** What stands in the place of each DataSource. */
  interface Decorator extends BeanPostProcessor {
    DataSource around(DataSource dataSource);

    @Override
    default Object postProcessAfterInitialization(Object bean, String name) {
      return bean instanceof DataSource dataSource ? around(dataSource) : bean;
    }
  }

  /** The application, but for its decorator. */
  @Configuration
  @EnableTransactionManagement(proxyTargetClass = true)
  @ImportAutoConfiguration({
    EverpoolAutoConfiguration.class,
    PoolsAutoConfiguration.class,
    RerunAutoConfiguration.class
  })
  static class Application {

    @Bean
    JdbcTransactionManager transactionManager(DataSource dataSource) {
      return new JdbcTransactionManager(dataSource);
    }

    @Bean
    Shop shop(DataSource dataSource) {
      return new Shop(new JdbcTemplate(dataSource));
    }
  }

  /** Loses its connection in its first run. */
  static class Shop {
    private final JdbcTemplate jdbc;
    private final AtomicInteger runs = new AtomicInteger();

    Shop(JdbcTemplate jdbc) {
      this.jdbc = jdbc;
    }

    @RerunTransaction
    @Transactional
    public int order() {
      jdbc.update("insert into decorated values (1)");
      if (runs.incrementAndGet() == 1) {
        Boot.server()
            .terminate(jdbc.queryForObject("select pg_backend_pid()", Integer.class).intValue());
      }
      jdbc.update("insert into decorated values (2)");
      return runs.get();
    }

    @RerunTransaction(pool = "dataSource")
    @Transactional
    public int orderByName() {
      return order();
    }
  }

  private static AnnotationConfigApplicationContext start(Decorator decorator) {
    PostgresServer server = Boot.server();
    server.execute("drop table if exists decorated");
    AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
    context
        .getEnvironment()
        .getPropertySources()
        .addFirst(
            new MapPropertySource(
                "test",
                Map.of(
                    "spring.datasource.url", server.jdbcUrl(),
                    "spring.datasource.username", server.user(),
                    "spring.datasource.password", server.password(),
                    "everpool.name", "decorated",
                    "everpool.max-size", "2")));
    context.register(Application.class);
    context.registerBean("decorator", Decorator.class, () -> decorator);
    context.refresh();
    new JdbcTemplate(context.getBean(DataSource.class))
        .execute("create table if not exists decorated (id int)");
    return context;
  }

  private static void isRerun(AnnotationConfigApplicationContext context, boolean byName) {
    Shop shop = context.getBean(Shop.class);

    assertThat(byName ? shop.orderByName() : shop.order()).isEqualTo(2);

    assertThat(
            new JdbcTemplate(context.getBean(DataSource.class))
                .queryForList("select id from decorated order by id", Integer.class))
        .containsExactly(1, 2);
  }

  static Stream<Decorator> decorators() {
    return Stream.of(DelegatingDataSource::new, HiddenPoolTest.Hiding::new);
  }

  @ParameterizedTest
  @MethodSource("decorators")
  void aTransactionIsRunAgainOnAPoolThatIsWrapped(Decorator decorator) {
    try (var context = start(decorator)) {
      assertThat(context.getBean(DataSource.class)).isNotInstanceOf(Pool.class);
      isRerun(context, false);
    }
    try (var context = start(decorator)) {
      isRerun(context, true);
    }
  }

  /** As an aspect on {@code DataSource.getConnection} does it, where classes are proxied. */
  @Test
  void aTransactionIsRunAgainOnAPoolThatHasAnAspect() {
    AtomicInteger seen = new AtomicInteger();
    MethodInterceptor aspect =
        call -> {
          if (call.getMethod().getName().equals("getConnection")) {
            seen.incrementAndGet();
          }
          return call.proceed();
        };
    Decorator decorator =
        dataSource -> {
          ProxyFactory factory = new ProxyFactory(dataSource);
          factory.setProxyTargetClass(true);
          factory.addAdvice(aspect);
          return (DataSource) factory.getProxy();
        };
    try (var context = start(decorator)) {
      isRerun(context, false);
    }
    assertThat(seen).hasPositiveValue();
  }
}
