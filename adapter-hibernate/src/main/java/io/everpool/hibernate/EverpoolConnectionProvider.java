package io.everpool.hibernate;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.hibernate.HibernateException;
import org.hibernate.engine.jdbc.connections.spi.ConnectionProvider;
import org.hibernate.service.UnknownUnwrapTypeException;
import org.hibernate.service.spi.Configurable;
import org.hibernate.service.spi.Stoppable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A pool as the source of Hibernate's connections: {@code hibernate.connection.provider_class =
 * everpool}, in Hibernate ORM 6.6 and 7. If this is the only provider beside Hibernate's own,
 * Hibernate uses it for every session factory that names neither a provider nor a data source.
 *
 * <p>Every setting of a pool is a key below {@code hibernate.everpool}: {@code
 * hibernate.everpool.max-size = 20}. If {@code url}, {@code user} or {@code password} isn't set
 * there, {@code jakarta.persistence.jdbc.*} count, and then {@code hibernate.connection.*}; but a
 * {@code user} or {@code password} among the URL's parameters counts before those, as it does
 * without Everpool. Among the latter, a key that isn't one of Hibernate's own ({@code
 * hibernate.connection.sslmode}) is a property for the driver, as it is without Everpool; the URL
 * and {@code hibernate.everpool.properties} count before it. The pool is opened with the session
 * factory and closed with it.
 *
 * <p>Don't put a secret below {@code hibernate.everpool}: Hibernate logs hibernate.properties at
 * INFO, and masks only the passwords that it knows by name. {@code
 * jakarta.persistence.jdbc.password} is one of these; or set {@code
 * hibernate.everpool.password-file} or {@code password-env}. A secret that stands there
 * nevertheless is used, with a warning.
 *
 * <p>The value of {@code hibernate.everpool.pool} is an object: a pool that is open already. Then
 * no other key may be set, and whoever opened the pool closes it. A warning names Hibernate's own
 * settings of a database or a pool that stand beside it and do nothing.
 *
 * <p>{@link #unwrap} returns the {@link Pool}. Thread-safe once it is configured.
 */
public final class EverpoolConnectionProvider
    implements ConnectionProvider, Configurable, Stoppable {
  private static final long serialVersionUID = 1L;
  private static final Logger log = LoggerFactory.getLogger(EverpoolConnectionProvider.class);

  /**
   * This setting is refused: connections come with autocommit on, and a commit would do nothing.
   */
  private static final String TRUSTED = "hibernate.connection.provider_disables_autocommit";

  private transient @Nullable Pool pool;
  private transient boolean opened;

  /** Hibernate makes the provider, and calls {@link #configure} before anything else. */
  public EverpoolConnectionProvider() {}

  /**
   * Opens the pool, or takes the one that is given.
   *
   * @throws InvalidPoolConfigException with every problem at once, and without a secret
   * @throws HibernateException if the pool can't be opened, or a setting of Hibernate's can't be
   *     honoured
   */
  @Override
  public void configure(Map<String, Object> settings) {
    refuseWhatCannotBeKept(settings);
    Object given = settings.get(HibernateSettings.POOL);
    if (given != null) {
      pool = existing(given, settings);
      return;
    }
    tellWhatIsLeftOut(settings);
    for (String name : HibernateSettings.secrets(settings)) {
      if (HibernateSettings.isKeyOfSecret(name)) {
        log.warn(
            "{} has a secret, which Hibernate logs in clear if it stands in hibernate.properties:"
                + " use jakarta.persistence.jdbc.password, which it masks, or"
                + " hibernate.everpool.password-file or hibernate.everpool.password-env",
            name);
      } else {
        log.warn(
            "{} may have a secret, which Hibernate logs in clear if it stands in"
                + " hibernate.properties: if it has one, open a pool in Java and hand it over as"
                + " hibernate.everpool.pool",
            name);
      }
    }
    try {
      pool = Everpool.open(HibernateSettings.read(settings));
      opened = true;
    } catch (SQLException e) {
      throw new HibernateException("Everpool could not be opened: " + e.getMessage(), e);
    }
  }

  private static void refuseWhatCannotBeKept(Map<String, Object> settings) {
    if (Boolean.parseBoolean(String.valueOf(settings.get(TRUSTED)))) {
      throw new HibernateException(
          TRUSTED
              + " must not be true: Everpool lends connections with autocommit on, so that"
              + " Hibernate has to begin its transactions itself. Leave it out.");
    }
    for (String name : new TreeSet<>(settings.keySet())) {
      String refusal = settings.get(name) == null ? null : DriverSettings.refusal(name);
      if (refusal != null) {
        throw new HibernateException(refusal);
      }
    }
  }

  /** Logs the settings that only Hibernate's own pool would honour, and that do nothing here. */
  private static void tellWhatIsLeftOut(Map<String, Object> settings) {
    for (String name : new TreeSet<>(settings.keySet())) {
      String instead = settings.get(name) == null ? null : DriverSettings.inPlaceOf(name);
      if (instead != null) {
        log.warn("{} is for Hibernate's own pool and does nothing here: set {}", name, instead);
      }
    }
  }

  private static Pool existing(Object given, Map<String, Object> settings) {
    if (!(given instanceof Pool existing)) {
      throw new HibernateException(
          HibernateSettings.POOL + " must be an io.everpool.api.Pool that is open");
    }
    for (String name : settings.keySet()) {
      boolean ofPool =
          name.startsWith(HibernateSettings.PREFIX) || DriverSettings.property(name) != null;
      if (ofPool && !name.equals(HibernateSettings.POOL)) {
        throw new HibernateException(
            name + " can't be set beside " + HibernateSettings.POOL + ", whose settings are made");
      }
    }
    String ignored =
        new TreeSet<>(settings.keySet())
            .stream()
                .filter(name -> settings.get(name) != null)
                .filter(
                    name ->
                        HibernateSettings.saysWhereOrWho(name)
                            || DriverSettings.inPlaceOf(name) != null)
                .collect(Collectors.joining(", "));
    if (!ignored.isEmpty()) {
      log.warn("{} do nothing beside {}, whose settings are made", ignored, HibernateSettings.POOL);
    }
    return existing;
  }

  private Pool pool() {
    if (pool == null) {
      throw new IllegalStateException("configure() was not called");
    }
    return pool;
  }

  /** Returns a connection of the pool; waits for one as {@link Pool#getConnection()} does. */
  @Override
  public Connection getConnection() throws SQLException {
    return pool().getConnection();
  }

  /** Gives a connection back. */
  @Override
  public void closeConnection(Connection connection) throws SQLException {
    connection.close();
  }

  /** Returns false: within JTA a statement may need the same connection as the one before it. */
  @Override
  public boolean supportsAggressiveRelease() {
    return false;
  }

  @Override
  public boolean isUnwrappableAs(Class<?> type) {
    return type.isInstance(this) || type.isInstance(pool);
  }

  /** Returns the {@link Pool}, as itself or as a {@link DataSource}, or this provider. */
  @Override
  public <T> T unwrap(Class<T> type) {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    if (type.isInstance(pool)) {
      return type.cast(pool);
    }
    throw new UnknownUnwrapTypeException(type);
  }

  /** Closes the pool if this provider has opened it. */
  @Override
  public void stop() {
    if (opened) {
      pool().close();
    }
  }
}
