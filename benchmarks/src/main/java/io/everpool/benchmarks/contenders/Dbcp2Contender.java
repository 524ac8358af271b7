package io.everpool.benchmarks.contenders;

import java.sql.SQLException;
import org.apache.commons.dbcp2.BasicDataSource;

/**
 * Commons DBCP 2 with its defaults, but without the validation at every borrow and without the
 * MBean.
 */
final class Dbcp2Contender {

  private Dbcp2Contender() {}

  static Contender.Open open(Settings settings) throws SQLException {
    BasicDataSource source = new BasicDataSource();
    source.setDriverClassName(settings.driver());
    source.setUrl(settings.url());
    source.setUsername(settings.user());
    source.setPassword(settings.password());
    source.setInitialSize(settings.minSize());
    source.setMinIdle(settings.minSize());
    source.setMaxTotal(settings.maxSize());
    source.setMaxIdle(settings.maxSize());
    source.setMaxWait(settings.acquireTimeout());
    source.setTestOnBorrow(false);
    source.setJmxName(null);
    source.start();
    source.getConnection().close();
    return new Contender.Open(source, source::close);
  }
}
