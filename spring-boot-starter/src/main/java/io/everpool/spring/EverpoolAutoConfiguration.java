package io.everpool.spring;

import io.everpool.api.Pool;
import java.sql.SQLException;
import javax.sql.DataSource;
import javax.sql.XADataSource;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;

/**
 * Makes the application's {@link DataSource} an Everpool, before Spring Boot would make one of
 * another pool that is on the class path; and the pools below {@code everpool.pools}, each a bean
 * of its name. A {@link DataSource} of the application's own, one of JNDI, and {@code
 * spring.datasource.type} count more.
 *
 * <p>The classes of Spring Boot are named and not referred to, for they moved in version 4.
 */
@AutoConfiguration(
    afterName = {
      "org.springframework.boot.autoconfigure.jdbc.JndiDataSourceAutoConfiguration",
      "org.springframework.boot.autoconfigure.jdbc.XADataSourceAutoConfiguration",
      "org.springframework.boot.jdbc.autoconfigure.JndiDataSourceAutoConfiguration",
      "org.springframework.boot.jdbc.autoconfigure.XADataSourceAutoConfiguration",
      "org.springframework.boot.autoconfigure.r2dbc.R2dbcAutoConfiguration",
      "org.springframework.boot.r2dbc.autoconfigure.R2dbcAutoConfiguration",
      "org.springframework.boot.test.autoconfigure.jdbc.TestDatabaseAutoConfiguration",
      "org.springframework.boot.jdbc.test.autoconfigure.TestDatabaseAutoConfiguration"
    },
    beforeName = {
      "org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration",
      "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration"
    })
@Import(TestDatabase.class) // after the classes in this one: it looks at what they have made
public final class EverpoolAutoConfiguration {

  /** For Spring. */
  public EverpoolAutoConfiguration() {}

  @Bean(PoolOpener.BEAN)
  PoolOpener everpoolOpener(Environment environment, ListableBeanFactory beans) {
    return new PoolOpener(environment, beans);
  }

  /** The one that stands for all that wants a {@link DataSource} and says no name. */
  @Order(0)
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnProperty(
      name = "spring.datasource.type",
      havingValue = "io.everpool.api.Pool",
      matchIfMissing = true)
  @ConditionalOnMissingBean(
      value = {DataSource.class, XADataSource.class},
      type = "io.r2dbc.spi.ConnectionFactory")
  @Conditional(OnDatabase.class)
  static final class MainPool {

    @Bean(destroyMethod = "close")
    Pool dataSource(PoolOpener opener) throws SQLException {
      return opener.openMain();
    }
  }

  /** Those with names: the only ones, or beside another that is meant where no name is said. */
  @Order(1)
  @Configuration(proxyBeanMethods = false)
  @Import(NamedPools.class)
  static final class OtherPools {}
}
