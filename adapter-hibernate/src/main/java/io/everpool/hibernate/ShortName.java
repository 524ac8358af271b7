package io.everpool.hibernate;

import java.util.List;
import org.hibernate.boot.registry.selector.SimpleStrategyRegistrationImpl;
import org.hibernate.boot.registry.selector.StrategyRegistration;
import org.hibernate.boot.registry.selector.StrategyRegistrationProvider;
import org.hibernate.engine.jdbc.connections.spi.ConnectionProvider;

/**
 * Lets {@code hibernate.connection.provider_class} be {@code everpool}. Hibernate finds this class
 * through {@link java.util.ServiceLoader}; nobody else needs it.
 */
public final class ShortName implements StrategyRegistrationProvider {

  /** {@link java.util.ServiceLoader} makes this object. */
  public ShortName() {}

  @Override
  @SuppressWarnings("rawtypes") // Hibernate 6 declares it this way
  public Iterable<StrategyRegistration> getStrategyRegistrations() {
    return List.of(
        new SimpleStrategyRegistrationImpl<>(
            ConnectionProvider.class,
            EverpoolConnectionProvider.class,
            "everpool",
            EverpoolConnectionProvider.class.getSimpleName()));
  }
}
