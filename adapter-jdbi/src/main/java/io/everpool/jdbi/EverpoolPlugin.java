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
 * it PostgreSQL's types and JSONB. For a Jdbi that {@link EverpoolJdbi#create(Pool)} didn't make:
 * {@code Jdbi.create(pool).installPlugin(new EverpoolPlugin(pool))}.
 *
 * <p>JSONB: a {@code JsonNode} is bound as {@code jsonb} and mapped from {@code json} and {@code
 * jsonb} as it is, each number to the digit; SQL's NULL is Java's null, JSON's null is a {@code
 * NullNode}. A type of one's own, such as a record, that carries Jdbi's {@link
 * org.jdbi.v3.json.Json @Json}, or whose superclass or interface does, is bound and mapped as JSON
 * wherever it occurs; one that doesn't carry it is where it is asked for, by {@code @Json} on a
 * record's component or a parameter or by {@code QualifiedType.of(X.class).with(Json.class)}.
 * Collections and arrays of trees, and of types that carry it, are {@code jsonb[]}.
 *
 * <p>The mapper is the one of {@link org.jdbi.v3.jackson2.Jackson2Config}. Its limits count: by
 * default Jackson refuses a number of more than 1,000 digits. So does what it is told about numbers
 * on purpose; and where an object has no tree but an {@code Object} or a {@code double}, the number
 * is as near as Jackson makes it.
 *
 * <p>The transaction handler and the callback decorator that are set when the plug-in is installed
 * go on working inside of the units. Serialization failures and deadlocks are rerun by the pool,
 * with pauses, so Jdbi's {@code SerializableTransactionRunner} isn't needed; under this plug-in its
 * attempts would multiply with the pool's.
 *
 * <p>Jdbi's own {@link PostgresPlugin} must not be installed beside it: it would take the driver's
 * own connection for every handle, unseen, and nothing would be run again after a lost connection.
 * That is warned of. The same holds, unwarned, of any plug-in that unwraps a new handle's
 * connection.
 *
 * <p>One plug-in may be installed in several Jdbis over its pool. A Jdbi is customized by the
 * thread that installs it, before other threads use that Jdbi; afterwards it is thread-safe.
 */
public final class EverpoolPlugin extends JdbiPlugin.Singleton {
  private final UnitRerunner rerunner;
  private final boolean driverTypes;
  private final HandleUnits units;

  /**
   * For a Jdbi over {@code pool}; over anything else units just run once.
   *
   * @throws IllegalArgumentException if the pool is no Everpool, nor a wrapper of one
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
   * The same with large objects ({@code InputStream} and {@code Reader} on {@code oid} columns),
   * types registered by {@link org.jdbi.v3.postgres.PostgresTypes} and pgvector. They need the
   * driver's own connection in every handle, and what is done with that the pool can't see: it has
   * to clear more when the connection comes back, and to trust less when it breaks. Types alone are
   * had without, by the driver's {@code datatype.<name>} among the pool's properties.
   *
   * <p>A Jdbi that has this plug-in already, from {@link EverpoolJdbi} or Guice, has driver types
   * for the handles opened from then on: {@code jdbi.installPlugin(new
   * EverpoolPlugin(pool).withDriverTypes())}.
   */
  public EverpoolPlugin withDriverTypes() {
    return new EverpoolPlugin(rerunner, true);
  }

  /** Jdbi drops what equals what it has, and the one with driver types must not be dropped. */
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
      return; // all else is there, and twice it would make units within units
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

  /** In place of Jackson's mapper; one that the application has set itself stays. */
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
   * PostgreSQL's types, without a look at the driver's own connection for each handle. Where that
   * look is wanted it asks a new session for the large objects' functions, past the pool's face; so
   * it is a unit of its own.
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
      lookForAnother(handle); // first: the set-up replaces what another plug-in is known by
      return setUp(handle);
    }

    /** Binds what the handle knows of its session to the present one. */
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
     * Warns, once, if Jdbi's own plug-in has set the handle up as well. Of what such plug-ins do to
     * a handle only the large objects' functions can be seen.
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
