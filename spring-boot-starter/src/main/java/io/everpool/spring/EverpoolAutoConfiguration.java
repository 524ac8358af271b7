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
 * another pool that is on the class path. It also makes the pools below {@code everpool.pools},
 * each as a bean of its name. A {@link DataSource} of the application's own, one of JNDI, and
 * {@code spring.datasource.type} have precedence.
 *
 * <p>Spring Boot's classes are named here by text, because they moved to other packages in version
 * 4.
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
// it comes after the classes in this one, because it looks at what they have made
@Import(TestDatabase.class)
public final class EverpoolAutoConfiguration {

  /** Spring makes this object. */
  public EverpoolAutoConfiguration() {}

  @Bean(PoolOpener.BEAN)
  PoolOpener everpoolOpener(Environment environment, ListableBeanFactory beans) {
    return new PoolOpener(environment, beans);
  }

  /** The pool for all beans that want a {@link DataSource} without naming one. */
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

  /**
   * The pools with names. They are the only ones, or stand beside another that is meant if no name
   * is given.
   */
  @Order(1)
  @Configuration(proxyBeanMethods = false)
  @Import(NamedPools.class)
  static final class OtherPools {}
}
