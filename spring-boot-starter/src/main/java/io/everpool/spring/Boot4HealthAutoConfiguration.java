package io.everpool.spring;

import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.core.env.Environment;

/**
 * The health {@code db} of Spring Boot 4, which tells what the pools have seen and sends no query.
 * It replaces Spring Boot's own if every {@link javax.sql.DataSource} is a pool.
 */
@AutoConfiguration(
    after = PoolsAutoConfiguration.class,
    afterName =
        // OnPools needs the data sources to be there
        "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration",
    beforeName =
        "org.springframework.boot.jdbc.autoconfigure.health.DataSourceHealthContributorAutoConfiguration")
@ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnEnabledHealthIndicator("db")
@Conditional(OnPools.class)
public final class Boot4HealthAutoConfiguration {

  /** Spring makes this object. */
  public Boot4HealthAutoConfiguration() {}

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
