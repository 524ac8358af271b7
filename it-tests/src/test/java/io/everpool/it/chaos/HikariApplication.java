package io.everpool.it.chaos;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import io.everpool.api.Work;
import io.everpool.api.driver.Causes;
import io.everpool.api.observe.PoolEvent;
import io.everpool.servers.PgBouncer.Kind;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.HandleConsumer;
import org.jdbi.v3.core.Jdbi;

/**
 * An application on HikariCP with the loop around its transactions that one finds in applications:
 * on an error of the connection everything is done again on another, a few times.
 */
final class HikariApplication implements Application {
  private static final int ATTEMPTS = 5;
  private static final long PAUSE_MILLIS = 100;

  private final HikariDataSource pool;
  private final Jdbi jdbi;

  HikariApplication(Door door) {
    HikariConfig config = new HikariConfig();
    config.setPoolName(schema());
    config.setJdbcUrl(door.jdbcUrl());
    config.setUsername(door.user());
    config.setPassword(door.password());
    config.setMinimumIdle(Limits.MIN_SIZE);
    config.setMaximumPoolSize(Limits.MAX_SIZE);
    config.setConnectionTimeout(Limits.ACQUIRE.toMillis());
    config.setValidationTimeout(Limits.VALIDATION.toMillis());
    // HikariCP passes them on as they are, and the driver sees no property that isn't a text
    driverSettings(door)
        .forEach((name, value) -> config.addDataSourceProperty(name, value.toString()));
    pool = new HikariDataSource(config);
    jdbi = Jdbi.create(pool);
  }

  private Map<String, Object> driverSettings(Door door) {
    Map<String, Object> all = new HashMap<>();
    all.put("ApplicationName", schema());
    all.put("socketTimeout", Limits.SILENCE.toSeconds());
    all.put("connectTimeout", Limits.CONNECT.toSeconds());
    all.put("loginTimeout", Limits.CONNECT.toSeconds());
    all.put("tcpKeepAlive", true);
    if (door.pooler() == null) { // PgBouncer refuses such a login
      all.put("options", "-c statement_timeout=" + Limits.STATEMENT.toMillis());
    } else if (door.pooler() == Kind.FORGETS) { // nobody asks it, as Everpool does
      all.put("prepareThreshold", 0);
    }
    return all;
  }

  @Override
  public String name() {
    return "HikariCP and a loop";
  }

  @Override
  public String schema() {
    return "hikari";
  }

  private interface Attempt<T, X extends Exception> {
    T once() throws X;
  }

  private static <T, X extends Exception> T loop(Attempt<T, X> attempt) throws X {
    for (int attempts = 1; ; attempts++) {
      try {
        return attempt.once();
      } catch (Exception e) {
        if (attempts == ATTEMPTS || !brokenConnection(e)) {
          throw e;
        }
      }
      try {
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS * attempts);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
  }

  private static boolean brokenConnection(Exception failure) {
    return Causes.first(
            failure,
            at ->
                at instanceof SQLTransientConnectionException
                    || (at instanceof SQLException sql
                        && sql.getSQLState() != null
                        && sql.getSQLState().matches("08.*|57P0.")))
        != null;
  }

  @Override
  public <T> T inTransaction(Work<T, SQLException> work) throws SQLException {
    return HikariApplication.<T, SQLException>loop(
        () -> {
          try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(false);
            try {
              T result = work.run(connection);
              connection.commit();
              return result;
            } catch (SQLException e) {
              try {
                connection.rollback();
              } catch (SQLException alsoBroken) {
                e.addSuppressed(alsoBroken);
              }
              throw e;
            }
          }
        });
  }

  @Override
  public void inJdbiTransaction(HandleConsumer<RuntimeException> work) {
    HikariApplication.<Boolean, RuntimeException>loop(
        () -> {
          jdbi.useTransaction(work);
          return true;
        });
  }

  @Override
  public <T> T reading(Work<T, SQLException> work) throws SQLException {
    return idempotent(work);
  }

  @Override
  public <T> T idempotent(Work<T, SQLException> work) throws SQLException {
    return HikariApplication.<T, SQLException>loop(
        () -> {
          try (Connection connection = pool.getConnection()) {
            return work.run(connection);
          }
        });
  }

  @Override
  public Connection connection() throws SQLException {
    return pool.getConnection();
  }

  /** It doesn't. */
  @Override
  public List<PoolEvent.CommitResolved> takeLookedUp() {
    return List.of();
  }

  @Override
  public String remarks() {
    HikariPoolMXBean figures = pool.getHikariPoolMXBean();
    return schema()
        + ": "
        + figures.getTotalConnections()
        + " connections, "
        + figures.getThreadsAwaitingConnection()
        + " waiting";
  }

  @Override
  public void close() {
    pool.close();
  }
}
