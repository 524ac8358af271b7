package io.everpool.spring;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.FactoryBean;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.jdbc.metadata.DataSourcePoolMetadataProvider;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.Ordered;
import org.springframework.core.PriorityOrdered;
import org.springframework.jdbc.datasource.AbstractDataSource;

/**
 * A pool whose bean is a DataSource that doesn't say what it is around: whoever looks for pools
 * among the beans finds it all the same.
 */
@Tag("contract")
class HiddenPoolTest {

  /** It forwards, and unwraps to nothing. */
  static final class Hiding extends AbstractDataSource {
    private final DataSource hidden;

    Hiding(DataSource hidden) {
      this.hidden = hidden;
    }

    @Override
    public Connection getConnection() throws SQLException {
      return hidden.getConnection();
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
      return hidden.getConnection(user, password);
    }
  }

  /** Puts it in the place of each, as late as anybody can, or as early. */
  static class Hides implements BeanPostProcessor {
    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
      return bean instanceof DataSource dataSource ? new Hiding(dataSource) : bean;
    }
  }

  static final class HidesFirst extends Hides implements PriorityOrdered {
    @Override
    public int getOrder() {
      return Ordered.HIGHEST_PRECEDENCE;
    }
  }

  private static ApplicationContextRunner main(String name) {
    return Boot.onH2(name).withPropertyValues("everpool.name=" + name);
  }

  private static ApplicationContextRunner named(String name) {
    return Boot.runner().withPropertyValues("everpool.pools." + name + ".url=" + Boot.h2(name));
  }

  private static ApplicationContextRunner ofTheApplication(String name) {
    PoolConfig config = PoolConfig.builder(Boot.h2(name)).name(name).build();
    return Boot.runner().withBean(name, Pool.class, () -> open(config));
  }

  private static Pool open(PoolConfig config) {
    try {
      return Everpool.open(config);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  static Stream<Arguments> pools() {
    return Stream.of(Hides.class, HidesFirst.class)
        .flatMap(
            hides ->
                Stream.of(
                    Arguments.of(hides, main("hidden"), List.of("hidden")),
                    Arguments.of(hides, named("alone"), List.of("alone")),
                    Arguments.of(hides, ofTheApplication("own"), List.of("own")),
                    Arguments.of(
                        hides,
                        main("hidden-main")
                            .withPropertyValues("everpool.pools.other.url=" + Boot.h2("other")),
                        List.of("hidden-main", "other"))));
  }

  @ParameterizedTest
  @MethodSource("pools")
  void itIsFound(
      Class<? extends Hides> hides, ApplicationContextRunner runner, List<String> pools) {
    runner
        .withBean(hides)
        .withConfiguration(AutoConfigurations.of(Boot.HEALTH, Boot.OWN_HEALTH))
        .run(
            context -> {
              Map<String, DataSource> beans = context.getBeansOfType(DataSource.class);
              assertThat(beans.values()).allMatch(Hiding.class::isInstance);
              Map<String, Pool> found = context.getBean(PoolBeans.class).all();
              assertThat(found).containsOnlyKeys(beans.keySet());
              assertThat(found.values())
                  .extracting(Pool::name)
                  .containsExactlyInAnyOrderElementsOf(pools);

              assertThat(Boot.health(context).values())
                  .hasSize(pools.size())
                  .allMatch(told -> told.startsWith("UP") && told.contains("leased"));

              DataSourcePoolMetadataProvider metadata =
                  context.getBean("everpoolMetadataProvider", DataSourcePoolMetadataProvider.class);
              assertThat(beans.values())
                  .allMatch(each -> metadata.getDataSourcePoolMetadata(each) != null);

              for (DataSource each : beans.values()) {
                each.getConnection().close();
              }
              context.stop();
              assertThat(found.values())
                  .allMatch(pool -> pool.snapshot().suspended() && pool.snapshot().total() == 0);
              context.start();
              for (DataSource each : beans.values()) {
                try (Connection connection = each.getConnection()) {
                  assertThat(connection.isValid(1)).isTrue();
                }
              }
            });
  }

  static final class Makes implements FactoryBean<Pool> {
    @Override
    public Pool getObject() {
      return open(PoolConfig.builder(Boot.h2("of-a-factory")).name("of-a-factory").build());
    }

    @Override
    public Class<?> getObjectType() {
      return Pool.class;
    }
  }

  /** Which is shown to others only when it is made whole. */
  @Test
  void whatAFactoryBeanHasMadeIsFound() {
    Boot.runner()
        .withBean("made", Makes.class)
        .withBean(Hides.class)
        .run(
            context -> {
              DataSource bean = context.getBean("made", DataSource.class);
              assertThat(bean).isInstanceOf(Hiding.class);
              PoolBeans pools = context.getBean(PoolBeans.class);
              Pool pool = requireNonNull(pools.of(bean));
              try (pool) {
                assertThat(pool.name()).isEqualTo("of-a-factory");
                assertThat(pools.all()).containsExactly(Map.entry("made", pool));
              }
            });
  }

  /** Whoever hides another kind of data source hides no pool. */
  @Test
  void whatIsAroundNoPoolIsNone() {
    Boot.onH2("hides-another")
        .withBean(Hides.class)
        .withPropertyValues("spring.datasource.type=com.zaxxer.hikari.HikariDataSource")
        .run(
            context -> {
              DataSource bean = context.getBean(DataSource.class);
              assertThat(bean).isInstanceOf(Hiding.class);
              PoolBeans pools = context.getBean(PoolBeans.class);
              assertThat(pools.all()).isEmpty();
              assertThat(pools.of(bean)).isNull();
              assertThat(pools.of(new Hiding(bean))).isNull();
            });
  }
}
