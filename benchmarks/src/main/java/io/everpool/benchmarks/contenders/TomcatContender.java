package io.everpool.benchmarks.contenders;

import java.sql.SQLException;
import org.apache.tomcat.jdbc.pool.DataSource;
import org.apache.tomcat.jdbc.pool.PoolProperties;

/**
 * Tomcat's pool with its defaults, and with what the other pools do by default: it resets the
 * session's state, closes statements and rolls an open transaction back.
 */
final class TomcatContender {

  private TomcatContender() {}

  static Contender.Open open(Settings settings) throws SQLException {
    PoolProperties config = new PoolProperties();
    config.setDriverClassName(settings.driver());
    config.setUrl(settings.url());
    config.setUsername(settings.user());
    config.setPassword(settings.password());
    config.setInitialSize(settings.minSize());
    config.setMinIdle(settings.minSize());
    config.setMaxActive(settings.maxSize());
    config.setMaxIdle(settings.maxSize());
    config.setMaxWait(settings.acquireMillis());
    config.setRollbackOnReturn(true);
    config.setJdbcInterceptors("ConnectionState;StatementFinalizer");
    config.setJmxEnabled(false);
    DataSource source = new DataSource(config);
    source.createPool();
    return new Contender.Open(source, source::close);
  }
}
