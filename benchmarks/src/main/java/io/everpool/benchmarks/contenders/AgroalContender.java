package io.everpool.benchmarks.contenders;

import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import java.sql.SQLException;

/**
 * Agroal with its defaults: no validation, no leak detection, metrics off. It waits for ever unless
 * it is told otherwise.
 */
final class AgroalContender {

  private AgroalContender() {}

  static Contender.Open open(Settings settings) throws SQLException {
    AgroalDataSourceConfigurationSupplier config = new AgroalDataSourceConfigurationSupplier();
    config
        .connectionPoolConfiguration()
        .initialSize(settings.minSize())
        .minSize(settings.minSize())
        .maxSize(settings.maxSize())
        .acquisitionTimeout(settings.acquireTimeout())
        .connectionFactoryConfiguration()
        .connectionProviderClassName(settings.driver())
        .jdbcUrl(settings.url())
        .principal(new NamePrincipal(settings.user()))
        .credential(new SimplePassword(settings.password()));
    AgroalDataSource source = AgroalDataSource.from(config);
    return new Contender.Open(source, source::close);
  }
}
