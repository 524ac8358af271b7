package io.everpool.benchmarks.contenders;

import com.mchange.v2.c3p0.ComboPooledDataSource;
import java.beans.PropertyVetoException;
import java.sql.SQLException;

/**
 * c3p0 with its defaults: no tests at checkout, no statement cache. It waits for ever unless it is
 * told otherwise.
 */
final class C3p0Contender {

  private C3p0Contender() {}

  static Contender.Open open(Settings settings) throws PropertyVetoException, SQLException {
    ComboPooledDataSource source = new ComboPooledDataSource();
    source.setDriverClass(settings.driver());
    source.setJdbcUrl(settings.url());
    source.setUser(settings.user());
    source.setPassword(settings.password());
    source.setInitialPoolSize(settings.minSize());
    source.setMinPoolSize(settings.minSize());
    source.setMaxPoolSize(settings.maxSize());
    source.setCheckoutTimeout(settings.acquireMillis());
    source.getConnection().close();
    return new Contender.Open(source, source::close);
  }
}
