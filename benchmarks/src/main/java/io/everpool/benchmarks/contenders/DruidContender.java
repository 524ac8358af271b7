package io.everpool.benchmarks.contenders;

import com.alibaba.druid.pool.DruidDataSource;
import java.sql.SQLException;

/**
 * Druid with its defaults, but without the validation, which needs a query; it has no filters and
 * no statement cache.
 */
final class DruidContender {

  private DruidContender() {}

  static Contender.Open open(Settings settings) throws SQLException {
    DruidDataSource source = new DruidDataSource();
    source.setDriverClassName(settings.driver());
    source.setUrl(settings.url());
    source.setUsername(settings.user());
    source.setPassword(settings.password());
    source.setInitialSize(settings.minSize());
    source.setMinIdle(settings.minSize());
    source.setMaxActive(settings.maxSize());
    source.setMaxWait(settings.acquireMillis());
    source.setTestWhileIdle(false);
    source.init();
    return new Contender.Open(source, source::close);
  }
}
