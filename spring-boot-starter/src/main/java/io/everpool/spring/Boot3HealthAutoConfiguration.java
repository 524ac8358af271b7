package io.everpool.spring;

import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.boot.actuate.autoconfigure.health.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.actuate.health.CompositeHealthContributor;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthContributor;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.core.env.Environment;

/**
 * The health {@code db} of Spring Boot 3, which tells what the pools have seen and sends no query.
 * It replaces Spring Boot's own if every {@link javax.sql.DataSource} is a pool.
 */
@AutoConfiguration(
    after = PoolsAutoConfiguration.class,
    afterName =
        // OnPools needs the data sources to be there
        "org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration",
    beforeName =
        "org.springframework.boot.actuate.autoconfigure.jdbc.DataSourceHealthContributorAutoConfiguration")
@ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnEnabledHealthIndicator("db")
@Conditional(OnPools.class)
public final class Boot3HealthAutoConfiguration {

  /** Spring makes this object. */
  public Boot3HealthAutoConfiguration() {}

  @Bean
  @ConditionalOnMissingBean(name = {"dbHealthIndicator", "dbHealthContributor"})
  HealthContributor dbHealthContributor(
      PoolBeans pools, Evidence evidence, Environment environment) {
    boolean asks = new StarterSettings(environment).asksForHealth();
    Map<String, HealthIndicator> all = new LinkedHashMap<>();
    PoolHealth.ofAll(pools, evidence, asks)
        .forEach((name, now) -> all.put(name, () -> health(now.get())));
    return all.size() == 1
        ? all.values().iterator().next()
        : CompositeHealthContributor.fromMap(all);
  }

  private static Health health(PoolHealth health) {
    return (health.up() ? Health.up() : Health.down()).withDetails(health.details()).build();
  }
}
