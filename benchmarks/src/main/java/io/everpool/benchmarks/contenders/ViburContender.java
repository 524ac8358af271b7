package io.everpool.benchmarks.contenders;

import org.vibur.dbcp.ViburDBCPDataSource;

/**
 * Vibur with its defaults, but without logging long connections, long queries and large results,
 * and without its MBean.
 */
final class ViburContender {

  private ViburContender() {}

  static Contender.Open open(Settings settings) {
    ViburDBCPDataSource source = new ViburDBCPDataSource();
    source.setDriverClassName(settings.driver());
    source.setJdbcUrl(settings.url());
    source.setUsername(settings.user());
    source.setPassword(settings.password());
    source.setPoolInitialSize(settings.minSize());
    source.setPoolMaxSize(settings.maxSize());
    source.setConnectionTimeoutInMs(settings.acquireMillis());
    source.setLogConnectionLongerThanMs(-1);
    source.setLogQueryExecutionLongerThanMs(-1);
    source.setLogLargeResultSet(-1);
    source.setResetDefaultsAfterUse(true);
    source.setEnableJMX(false);
    source.start();
    return new Contender.Open(source, source::close);
  }
}
