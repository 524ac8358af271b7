package io.everpool.spring;

import io.everpool.api.Pool;
import io.everpool.jfr.JfrPools;
import io.everpool.jmx.JmxPools;
import io.everpool.micrometer.MetricNames;
import io.everpool.micrometer.MicrometerMetrics;
import io.everpool.micrometer.UnitObservations;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import java.lang.management.ManagementFactory;
import javax.management.MBeanServer;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.jdbc.metadata.DataSourcePoolMetadataProvider;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Role;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;

/**
 * What every pool has, whoever has made its bean: a life cycle, and everything by which it can be
 * looked at.
 */
@AutoConfiguration(
    after = EverpoolAutoConfiguration.class,
    // these look for beans that tell of pools
    beforeName = {
      "org.springframework.boot.actuate.autoconfigure.metrics.jdbc.DataSourcePoolMetricsAutoConfiguration",
      "org.springframework.boot.jdbc.autoconfigure.metrics.DataSourcePoolMetricsAutoConfiguration"
    })
public final class PoolsAutoConfiguration {

  /** Spring makes this object. */
  public PoolsAutoConfiguration() {}

  /** This is made before everything that it is shown, like every processor of beans. */
  @Bean
  @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
  static BarePools everpoolBarePools() {
    return new BarePools();
  }

  @Bean
  PoolBeans everpoolBeans(ConfigurableListableBeanFactory beans, BarePools bare) {
    return new PoolBeans(beans, bare);
  }

  @Bean
  PoolLifecycle everpoolLifecycle(PoolBeans pools, ConfigurableApplicationContext context) {
    return new PoolLifecycle(pools, context);
  }

  /**
   * A processor of beans is made before everything else, and must not depend on what it processes.
   */
  @Bean
  @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
  static TransactionWatch everpoolTransactionWatch() {
    return new TransactionWatch();
  }

  @Bean
  Evidence everpoolEvidence() {
    return new Evidence(System::nanoTime);
  }

  @Bean
  static DataSourcePoolMetadataProvider everpoolMetadataProvider(PoolBeans pools) {
    return dataSource -> {
      Pool pool = pools.of(dataSource);
      return pool == null ? null : new PoolMetadata(pool);
    };
  }

  /** Adds the metrics to the application's registry, if there is one. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(MeterRegistry.class)
  static class Micrometer {

    @Bean
    @Order(Ordered.HIGHEST_PRECEDENCE)
    EverpoolCustomizer everpoolMetrics(
        ObjectProvider<MeterRegistry> registries, Environment environment) {
      MetricNames names =
          new StarterSettings(environment).namesAsHikari()
              ? MetricNames.HIKARI_CP
              : MetricNames.OPEN_TELEMETRY;
      return (config, builder) -> {
        MeterRegistry registry = registries.getIfUnique();
        if (registry != null) {
          MicrometerMetrics metrics =
              MicrometerMetrics.builder(config.name(), registry).names(names).build();
          builder.listener(metrics).recorder(metrics);
        }
      };
    }
  }

  /**
   * Makes units of work observations in the application's registry of observations, if there is
   * one.
   */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(ObservationRegistry.class)
  static class Observations {

    @Bean
    EverpoolCustomizer everpoolObservations(ObjectProvider<ObservationRegistry> registries) {
      return (config, builder) ->
          registries.ifUnique(registry -> builder.listener(UnitObservations.of(registry)));
    }
  }

  /** Makes beans of JMX, if Spring's own are wanted. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnProperty(name = "spring.jmx.enabled", havingValue = "true")
  static class Jmx {

    @Bean
    EverpoolCustomizer everpoolJmx(ObjectProvider<MBeanServer> servers) {
      JmxPools pools =
          JmxPools.on(servers.getIfAvailable(ManagementFactory::getPlatformMBeanServer));
      return (config, builder) -> builder.listener(pools);
    }
  }

  /** Makes events for recordings; while nobody records, no event object is made. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = "jdk.jfr.FlightRecorder")
  static class FlightRecorder {

    @Bean
    EverpoolCustomizer everpoolRecordings() {
      JfrPools pools = new JfrPools();
      return (config, builder) -> builder.listener(pools);
    }
  }
}
