package io.everpool.benchmarks.contenders;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;

/**
 * HikariCP with its defaults: they validate a connection that was idle for half a second, and have
 * no leak detection.
 */
final class HikariContender {

  private HikariContender() {}

  static Contender.Open open(Settings settings) {
    HikariConfig config = new HikariConfig();
    config.setDriverClassName(settings.driver());
    config.setJdbcUrl(settings.url());
    config.setUsername(settings.user());
    config.setPassword(settings.password());
    config.setMinimumIdle(settings.minSize());
    config.setMaximumPoolSize(settings.maxSize());
    config.setConnectionTimeout(settings.acquireMillis());
    HikariDataSource source = new HikariDataSource(config);
    return new Contender.Open(source, source::close);
  }
}
