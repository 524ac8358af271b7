package io.everpool.jdbi;

import io.everpool.api.Pool;
import io.everpool.api.framework.UnitRerunner;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.HandleCallbackDecorator;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.extension.Extensions;
import org.jdbi.v3.core.spi.JdbiPlugin;
import org.jdbi.v3.core.statement.SqlStatements;
import org.jdbi.v3.jackson2.Jackson2Plugin;
import org.jdbi.v3.json.JsonConfig;
import org.jdbi.v3.postgres.PgLobApi;
import org.jdbi.v3.postgres.PostgresPlugin;
import org.jdbi.v3.postgres.PostgresTypes;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes handles, transactions and SqlObject methods of a Jdbi units of work of a pool, and teaches
 * it PostgreSQL's types and JSONB. If {@link EverpoolJdbi#create(Pool)} didn't make the Jdbi,
 * install the plug-in: {@code Jdbi.create(pool).installPlugin(new EverpoolPlugin(pool))}.
 *
 * <p>JSON works like this. A {@code JsonNode} is bound as {@code jsonb} and mapped from {@code
 * json} and {@code jsonb} without a change, each number with all its digits; SQL's NULL is Java's
 * null, JSON's null is a {@code NullNode}. A type of one's own, such as a record, that carries
 * Jdbi's {@link org.jdbi.v3.json.Json @Json}, or whose superclass or interface does, is bound and
 * mapped as JSON wherever it occurs; a type that doesn't carry it is JSON only where that is asked
 * for, by {@code @Json} on a record's component or a parameter or by {@code
 * QualifiedType.of(X.class).with(Json.class)}. Collections and arrays of trees, and of types that
 * carry the annotation, are {@code jsonb[]}.
 *
 * <p>The mapper is the one of {@link org.jdbi.v3.jackson2.Jackson2Config}. Its limits count: by
 * default Jackson refuses a number of more than 1,000 digits. What the mapper was explicitly told
 * about numbers counts, too. Where an object has an {@code Object} or a {@code double} instead of a
 * tree, a number is as exact as Jackson makes it.
 *
 * <p>The transaction handler and the callback decorator that are set when the plug-in is installed
 * go on working within the units. The pool itself reruns serialization failures and deadlocks, with
 * pauses, so Jdbi's {@code SerializableTransactionRunner} isn't needed; under this plug-in its
 * attempts would multiply with the pool's.
 *
 * <p>Jdbi's own {@link PostgresPlugin} must not be installed beside this plug-in: it would take the
 * driver's own connection for every handle, without anybody noticing, and nothing would be run
 * again after a lost connection. A warning tells of this. The same is true of any plug-in that
 * unwraps a new handle's connection, but without a warning.
 *
 * <p>One plug-in may be installed in several Jdbis over its pool. Each Jdbi is customized by the
 * thread that installs the plug-in, before other threads use that Jdbi; afterwards it is
 * thread-safe.
 */
public final class EverpoolPlugin extends JdbiPlugin.Singleton {
  private final UnitRerunner rerunner;
  private final boolean driverTypes;
  private final HandleUnits units;

  /**
   * Makes a plug-in for a Jdbi over {@code pool}; over anything else units just run once.
   *
   * @throws IllegalArgumentException if the pool is no Everpool, and doesn't wrap one
   */
  public EverpoolPlugin(Pool pool) {
    this(UnitRerunner.of(pool), false);
  }

  private EverpoolPlugin(UnitRerunner rerunner, boolean driverTypes) {
    this.rerunner = rerunner;
    this.driverTypes = driverTypes;
    units = new HandleUnits(rerunner, new PooledPostgres(rerunner));
  }

  /**
   * Makes the same plug-in with large objects ({@code InputStream} and {@code Reader} on {@code
   * oid} columns), with types registered by {@link org.jdbi.v3.postgres.PostgresTypes} and with
   * pgvector. They need the driver's own connection in every handle, and the pool can't see what is
   * done with that: it has to clear more when the connection comes back, and can trust less when
   * the connection breaks. Types alone don't need this method: set the driver's {@code
   * datatype.<name>} among the pool's properties.
   *
   * <p>If a Jdbi already has the plug-in, from {@link EverpoolJdbi} or Guice, the handles that are
   * opened from then on get driver types by {@code jdbi.installPlugin(new
   * EverpoolPlugin(pool).withDriverTypes())}.
   */
  public EverpoolPlugin withDriverTypes() {
    return new EverpoolPlugin(rerunner, true);
  }

  /**
   * Whether the two are the same for Jdbi, which drops a plug-in that equals one that it has. The
   * plug-in with driver types must not be dropped, so it doesn't equal the one without.
   */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof EverpoolPlugin that && driverTypes == that.driverTypes;
  }

  @Override
  public int hashCode() {
    return Boolean.hashCode(driverTypes);
  }

  @Override
  public void customizeJdbi(Jdbi jdbi) {
    if (!jdbi.getConfig(UnitOptions.class).install(driverTypes)) {
      return; // all else is installed already; a second time it would make units within units
    }
    jdbi.installPlugin(units.postgres());
    jdbi.installPlugin(new Jackson2Plugin());
    writeExactly(jdbi.getConfig(JsonConfig.class));
    jdbi.registerArgument(new JsonNodeArgumentFactory());
    jdbi.registerArgument(new JsonTypeArgumentFactory());
    jdbi.registerArrayType(new JsonArrayTypeFactory());
    jdbi.registerColumnMapper(new JsonNodeColumnMapperFactory());
    jdbi.registerColumnMapper(new JsonTypeColumnMapperFactory());
    jdbi.setTransactionHandler(new UnitTransactionHandler(units, jdbi.getTransactionHandler()));
    jdbi.setHandleCallbackDecorator(decorator(jdbi.getHandleCallbackDecorator()));
    jdbi.getConfig(SqlStatements.class).addCustomizer(new PreparedBatches(units));
    jdbi.getConfig(Extensions.class).registerHandlerCustomizer(new UnitMethodCustomizer(units));
  }

  /** Replaces Jackson's mapper; a mapper that the application has set itself stays. */
  private static void writeExactly(JsonConfig json) {
    if (json.getJsonMapper().getClass().getPackage() == Jackson2Plugin.class.getPackage()) {
      json.setJsonMapper(new ExactJsonMapper());
    }
  }

  private HandleCallbackDecorator decorator(HandleCallbackDecorator inner) {
    return new HandleCallbackDecorator() {
      @Override
      public <R, X extends Exception> HandleCallback<R, X> decorate(HandleCallback<R, X> callback) {
        HandleCallback<R, X> decorated = inner.decorate(callback);
        return handle -> units.runLent(handle, MarkedCallback.options(callback, handle), decorated);
      }
    };
  }

  /**
   * PostgreSQL's types, without a look at the driver's own connection for each handle. With driver
   * types that look is needed: it asks a new session for the large objects' functions, past the
   * pool's face, so it is a unit of its own.
   */
  static final class PooledPostgres extends PostgresPlugin {
    private static final Logger log = LoggerFactory.getLogger(EverpoolPlugin.class);

    private final UnitRerunner rerunner;
    private final AtomicBoolean told = new AtomicBoolean();

    PooledPostgres(UnitRerunner rerunner) {
      this.rerunner = rerunner;
    }

    @Override
    public Handle customizeHandle(Handle handle) throws SQLException {
      if (!handle.getConfig(UnitOptions.class).hasDriverTypes()) {
        return handle;
      }
      // this comes first, because the set-up replaces what another plug-in is recognized by
      lookForAnother(handle);
      return setUp(handle);
    }

    /** Binds what the handle knows of its session to its present session. */
    void rebind(Handle handle) throws SQLException {
      if (handle.getConfig(UnitOptions.class).hasDriverTypes()) {
        setUp(handle);
      }
    }

    private Handle setUp(Handle handle) throws SQLException {
      return rerunner.rerun(
          handle.getConnection(),
          UnitRerunner.SET_UP,
          connection -> {
            Handle done = super.customizeHandle(handle);
            PgLobApi lobs = handle.getConfig(PostgresTypes.class).getLobApi();
            handle.getConfig(UnitOptions.class).lobs(lobs);
            return done;
          });
    }

    /**
     * Warns, once, if Jdbi's own plug-in has set the handle up as well. The large objects'
     * functions are all that one can see of what such a plug-in does to a handle.
     */
    void lookForAnother(Handle handle) {
      PgLobApi found = handle.getConfig(PostgresTypes.class).getLobApi();
      if (found != null
          && found != handle.getConfig(UnitOptions.class).lobs()
          && rerunner.owns(handle.getConnection())
          && told.compareAndSet(false, true)) {
        log.warn(
            "PostgresPlugin is installed beside EverpoolPlugin, and takes the driver's own connection"
                + " for every handle: what this Jdbi does is not run again after a lost connection,"
                + " and its connections come back by a full reset. EverpoolPlugin has PostgreSQL's"
                + " types without: leave PostgresPlugin out, and for large objects, PostgresTypes"
                + " and pgvector install new EverpoolPlugin(pool).withDriverTypes()");
      }
    }
  }
}
