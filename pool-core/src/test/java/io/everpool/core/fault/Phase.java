package io.everpool.core.fault;

import io.everpool.api.Pool;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.Look;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** What a pool and its callers do while somebody else's code misbehaves. */
enum Phase {
  /** Callers want connections of a pool that has none. */
  OPEN {
    @Override
    void play(Stage stage) throws SQLException {
      stage.open();
      query(stage.pool());
    }
  },
  /** A connection that has rested is lent. */
  LOOK {
    @Override
    void play(Stage stage) throws SQLException {
      stage.rest();
      query(stage.pool());
    }
  },
  /** A connection whose driver's own object somebody has had is lent. */
  EXPOSED {
    @Override
    void play(Stage stage) throws SQLException {
      stage.watch(false);
      try (Connection connection = stage.pool().getConnection()) {
        connection.unwrap(FaultyDriver.Own.class);
      }
      stage.watch(true);
      query(stage.pool());
    }
  },
  /** Idle connections are examined. */
  VALIDATE {
    @Override
    void play(Stage stage) {
      stage.sleep(2 * Stage.HEALTH_CHECK);
    }
  },
  /** A caller uses a connection in many ways. */
  USE {
    @Override
    void play(Stage stage) throws SQLException {
      try (Connection connection = stage.pool().getConnection()) {
        connection.setAutoCommit(false);
        try (PreparedStatement statement = connection.prepareStatement("select ?")) {
          statement.setInt(1, 1);
          statement.addBatch();
          statement.executeBatch();
          try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
              rows.getObject(1);
            }
          }
        }
        connection.getMetaData().getTables(null, null, null, null).close();
        connection.isValid(1);
        connection.isClosed();
        connection.unwrap(Connection.class);
        connection.getTransactionIsolation();
        connection.commit();
      }
    }
  },
  /** A unit of work runs in a transaction. */
  UNIT {
    @Override
    void play(Stage stage) throws SQLException {
      stage
          .pool()
          .<Boolean, SQLException>inTransaction(
              connection -> {
                stage.work();
                try (Statement statement = connection.createStatement()) {
                  return statement.execute("update t set i = 1");
                }
              });
    }
  },
  /** A unit of work has lost its connection, and goes on over another. */
  RENEW {
    @Override
    void play(Stage stage) throws SQLException {
      stage.watch(false);
      AtomicInteger runs = new AtomicInteger();
      stage
          .pool()
          .<Boolean, SQLException>run(
              WorkOptions.IDEMPOTENT,
              connection -> {
                if (runs.incrementAndGet() == 1) {
                  stage.loseNext();
                }
                try (Statement statement = connection.createStatement()) {
                  return statement.execute("update t set i = 1");
                } finally {
                  stage.watch(true);
                }
              });
    }
  },
  /** The answer to a unit's COMMIT is lost, and what became of it is looked up. */
  OUTCOME {
    @Override
    void play(Stage stage) throws SQLException {
      stage
          .pool()
          .<Boolean, SQLException>inTransaction(
              connection -> {
                stage.loseNextCommit();
                try (Statement statement = connection.createStatement()) {
                  return statement.execute("update t set i = 1");
                }
              });
    }
  },
  /** A statement is refused. */
  REFUSED {
    @Override
    void play(Stage stage) throws SQLException {
      try (Connection connection = stage.pool().getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute(FaultyDriver.REFUSED);
      } catch (SQLException e) {
        if (!"22001".equals(e.getSQLState())) {
          throw e;
        }
      }
    }
  },
  /** A connection comes back, and somebody waits for it. */
  WAIT {
    @Override
    void play(Stage stage) throws SQLException {
      stage.watch(false);
      Thread another;
      try (Connection connection = stage.pool().getConnection()) {
        stage.watch(true);
        another = stage.another();
        stage.awaitWaiter(another);
        connection.setReadOnly(true);
      }
      stage.awaitEnd(another);
    }
  },
  /** A connection comes back in disorder. */
  RESET {
    @Override
    void play(Stage stage) throws SQLException {
      stage.watch(false);
      Connection connection = stage.pool().getConnection();
      connection.setNetworkTimeout(Runnable::run, 1);
      connection.setReadOnly(true);
      connection.setSchema("other");
      connection.setAutoCommit(false);
      connection.createStatement().execute("set x to 1");
      connection.prepareStatement("select 1").executeQuery();
      stage.watch(true);
      connection.close();
    }
  },
  /** Connections are replaced. */
  CLOSE {
    @Override
    void play(Stage stage) {
      stage.pool().replaceAll();
      stage.sleep(Stage.DEADLINE);
    }
  },
  /** A connection shows that those before it go to a server that was superseded. */
  SUPERSEDE {
    @Override
    void play(Stage stage) throws SQLException {
      stage.promote();
      stage.pool().replaceAll();
      stage.sleep(Stage.DEADLINE);
      query(stage.pool());
    }
  },
  /** A caller aborts his connection while another thread uses it. */
  ABORT {
    @Override
    void play(Stage stage) throws SQLException {
      try (Connection connection = stage.pool().getConnection()) {
        connection.createStatement().execute("select 1");
        connection.abort(Runnable::run);
      }
    }
  },
  /** The pool is closed. */
  END {
    @Override
    void play(Stage stage) {
      stage.awaitEnd(stage.closing());
    }
  },
  /** The pool is closed while a connection is out, which then comes back in disorder. */
  END_LEASED {
    @Override
    void play(Stage stage) throws SQLException {
      stage.watch(false);
      Connection connection = stage.pool().getConnection();
      connection.setReadOnly(true);
      connection.createStatement().execute("set x to 1");
      stage.watch(true);
      Thread closer = stage.closing();
      stage.awaitTheEndsBeginning();
      connection.close();
      stage.awaitEnd(closer);
    }
  },
  /** The pool is closed while a connection is being opened, or as soon as it was used. */
  END_CONNECTING {
    @Override
    void play(Stage stage) throws SQLException {
      stage.watch(false);
      stage.open();
      stage.watch(true);
      stage.awaitEnd(stage.another());
      stage.awaitEnd(stage.closing());
    }
  };

  private static final Set<String> CALLERS =
      Set.of(
          "sideEffects",
          "work",
          "moment",
          "effectsSince",
          "unanswered",
          "transactionState",
          "commitTicket",
          "commitStatus",
          "explained");

  /** What else is asked by whoever has a failure in his hand, and the connection with it. */
  private static final Set<String> JUDGES = Set.of("classify", "classifier", "look");

  /**
   * Whether a caller may be left alone in such a call, with a connection in his hand: where he
   * himself calls, he keeps it for as long as the driver (or his own recorder) lets him wait.
   */
  boolean isOfTheCaller(String method) {
    return method.startsWith("interceptor.")
        || switch (this) {
          case OPEN, LOOK, EXPOSED, USE, UNIT, WAIT, SUPERSEDE, ABORT ->
              method.contains(".") || CALLERS.contains(method);
          case RENEW -> // which is told with the new one in his hand
              method.contains(".") || CALLERS.contains(method) || method.equals("listener");
          case REFUSED, OUTCOME ->
              method.contains(".")
                  || CALLERS.contains(method)
                  || JUDGES.contains(method)
                  || method.equals("listener");
          default -> false;
        };
  }

  abstract void play(Stage stage) throws SQLException;

  /** Whether the pool is not open before it, and keeps no connection. */
  boolean opens() {
    return this == OPEN || this == END_CONNECTING;
  }

  /** Whether the pool is closed after it. */
  boolean ends() {
    return this == END || this == END_LEASED || this == END_CONNECTING;
  }

  /** What the driver says of a connection at a look. */
  Look look() {
    return this == LOOK || this == VALIDATE ? Look.UNSURE : Look.ALIVE;
  }

  static void query(Pool pool) throws SQLException {
    try (Connection connection = pool.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select 1")) {
      rows.next();
    }
  }
}
