package io.everpool.benchmarks.contenders;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;

/** Defaults, which validate after half a second of idleness and have no leak detection. */
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
