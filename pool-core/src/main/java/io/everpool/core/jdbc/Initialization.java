package io.everpool.core.jdbc;

import io.everpool.api.ConnectionInitializer;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.TransactionState;
import io.everpool.core.upkeep.InitializationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** What the user wants done to each connection before anybody borrows it. Thread-safe. */
public final class Initialization {

  /** Does nothing. */
  public static final Initialization NONE = new Initialization(null, List.of());

  private final @Nullable String sql;
  private final List<Step> steps = new ArrayList<>();

  /**
   * One thing to do, what to call it if it fails, and what may then be shown of the failure.
   *
   * @param unwatched whether drivers that look on don't see it, as nobody else does
   */
  private record Step(
      String what,
      ConnectionInitializer initializer,
      UnaryOperator<SQLException> shown,
      boolean unwatched) {}

  /**
   * The SQL comes first.
   *
   * @param sql one or more statements, as the driver takes them; or null
   */
  public static Initialization of(@Nullable String sql, List<ConnectionInitializer> initializers) {
    return sql == null && initializers.isEmpty() ? NONE : new Initialization(sql, initializers);
  }

  private Initialization(@Nullable String sql, List<ConnectionInitializer> initializers) {
    this.sql = sql;
    if (sql != null) {
      steps.add(
          new Step(
              "connection-init-sql",
              connection -> execute(connection, sql),
              new HiddenSql(sql)::hidden, // a server quotes SQL that it can't read
              true));
    }
    for (ConnectionInitializer initializer : initializers) {
      steps.add(new Step("A ConnectionInitializer", initializer, failure -> failure, false));
    }
  }

  /** Whether there is anything to do. */
  boolean doesAnything() {
    return !steps.isEmpty();
  }

  /**
   * Whether its SQL may leave a prepared statement. What initializers leave, in Java, nobody can
   * see.
   */
  boolean mayPrepare(Predicate<String> prepares) {
    return sql != null && prepares.test(sql);
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /**
   * Sets a connection up that nobody else uses.
   *
   * @throws InitializationException with what has failed; the connection is then of no use
   */
  void run(PhysicalConnection physical) throws SQLException {
    if (steps.isEmpty()) {
      return;
    }
    Connection jdbc = physical.jdbc();
    for (Step step : steps) {
      try {
        Connection given = step.unwatched ? physical.unwatched() : jdbc;
        boolean autoCommit = given.getAutoCommit(); // a driver may begin with it off
        step.initializer.initialize(given);
        finish(physical, given, autoCommit);
      } catch (SQLException e) {
        throw new InitializationException(step.what, step.shown.apply(e));
      } catch (RuntimeException e) {
        throw new InitializationException(
            step.what, step.shown.apply(new SQLException(e.toString(), e)));
      }
    }
    SessionFacts.clearWarnings(jdbc);
  }

  /** Keeps what was written, and goes back to what autocommit was before. */
  private static void finish(PhysicalConnection physical, Connection jdbc, boolean autoCommit)
      throws SQLException {
    TransactionState state = physical.transactionState();
    if (state == TransactionState.FAILED) {
      throw new SQLException("it leaves a transaction that has failed", "25P02");
    }
    boolean left = jdbc.getAutoCommit();
    if (!left) {
      jdbc.commit();
    } else if (state == TransactionState.OPEN) {
      execute(jdbc, "commit"); // the transaction was begun by SQL
    }
    if (left != autoCommit) {
      jdbc.setAutoCommit(autoCommit);
    }
  }
}
