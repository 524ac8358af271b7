package io.everpool.benchmarks.contenders;

import java.sql.SQLException;
import org.stone.beecp.BeeDataSource;
import org.stone.beecp.BeeDataSourceConfig;

/**
 * BeeCP with its defaults: they validate a connection that was idle for half a second, and let as
 * many threads borrow at once as there are processors.
 */
final class BeecpContender {

  private BeecpContender() {}

  static Contender.Open open(Settings settings) throws SQLException {
    BeeDataSourceConfig config = new BeeDataSourceConfig();
    config.setDriverClassName(settings.driver());
    config.setJdbcUrl(settings.url());
    config.setUsername(settings.user());
    config.setPassword(settings.password());
    config.setInitialSize(settings.minSize());
    config.setMaxActive(settings.maxSize());
    config.setMaxWait(settings.acquireMillis());
    BeeDataSource source = new BeeDataSource(config);
    return new Contender.Open(source, source::close);
  }
}
