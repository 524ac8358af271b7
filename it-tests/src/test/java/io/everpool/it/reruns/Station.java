package io.everpool.it.reruns;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.Causes;
import io.everpool.core.Everpool;
import io.everpool.it.reruns.Oracle.Fate;
import io.everpool.it.reruns.Oracle.Phase;
import io.everpool.it.reruns.Way.Mode;
import io.everpool.jdbi.EverpoolJdbi;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.PostgresServer;
import java.io.InputStream;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;

/** A pool of one connection behind a proxy that cuts it, and the books beside; for one thread. */
final class Station implements AutoCloseable {
  private final FaultProxy proxy;
  private final Pool pool;
  private final Jdbi jdbi;
  private final Connection books;
  private int units;

  Station(PostgresServer server, String name) throws SQLException {
    proxy = FaultProxy.before(server);
    String url = "jdbc:postgresql://" + proxy.host() + ":" + proxy.port() + "/" + server.database();
    pool =
        Everpool.open(
            PoolConfig.builder(url)
                .name(name)
                .user(server.user())
                .password(server.password())
                // prepared by name from the second use on
                .properties(Map.of("prepareThreshold", "2"))
                .minSize(0)
                .maxSize(1)
                .drainTimeout(Duration.ZERO)
                .retry(
                    RetryConfig.DEFAULT
                        .withInitialBackoff(Duration.ofMillis(1))
                        .withMaxBackoff(Duration.ofMillis(50)))
                .build());
    jdbi = EverpoolJdbi.create(pool);
    books = books(server);
  }

  /** A session past the pool and the proxy. */
  static Connection books(PostgresServer server) throws SQLException {
    return DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
  }

  /** Plays one cell; empty if all was as it must be, else what was not. */
  String play(Cell cell) throws SQLException {
    leaveNoDeadConnection();
    String key = pool.name() + "-" + ++units;
    Run run = new Run(cell, key);
    Throwable thrown = null;
    try {
      switch (cell.kind()) {
        case POOL -> inPool(WorkOptions.DEFAULT, cell.mode(), run);
        case POOL_IDEMPOTENT -> inPool(WorkOptions.IDEMPOTENT, cell.mode(), run);
        case JDBI -> inJdbi(cell.mode(), run);
      }
    } catch (Exception e) {
      thrown = e;
    } finally {
      proxy.cutNoMore();
    }
    return judge(cell, run, thrown, rows(key));
  }

  /** A unit that was done when its connection was cut has given that back as good. */
  private void leaveNoDeadConnection() throws SQLException {
    try (Connection connection = pool.getConnection()) {
      connection.isValid(5);
    }
  }

  private void inPool(WorkOptions options, Mode mode, Run run) throws Exception {
    if (mode == Mode.AUTOCOMMIT) {
      pool.run(options, run::once);
    } else {
      pool.inTransaction(options, run::once);
    }
  }

  private void inJdbi(Mode mode, Run run) throws Exception {
    if (mode == Mode.AUTOCOMMIT) {
      jdbi.withHandle(handle -> run.once(handle.getConnection()));
    } else {
      jdbi.inTransaction(handle -> run.once(handle.getConnection()));
    }
  }

  /** Whether a read-only unit may do it; empty if the server refused, else what was not so. */
  String playReadOnly(Way way, Mode mode) throws SQLException {
    pool.run(Station::warmUp); // whose session takes writes, before each
    String key = pool.name() + "-" + ++units;
    Throwable thrown = null;
    try {
      if (mode == Mode.AUTOCOMMIT) {
        pool.run(WorkOptions.READ_ONLY, connection -> follow(way, connection, key));
      } else {
        pool.inTransaction(WorkOptions.READ_ONLY, connection -> follow(way, connection, key));
      }
    } catch (Exception e) {
      thrown = e;
    }
    int rows = rows(key);
    boolean refused = thrown != null && Causes.first(thrown, Station::isReadOnly) != null;
    return rows == 0 && refused ? "" : mode + ", " + way.name() + ": " + rows + " rows, " + thrown;
  }

  private static boolean isReadOnly(Throwable failure) {
    return failure instanceof SQLException e && "25006".equals(e.getSQLState());
  }

  /** As after any unit that writes; and the driver knows how to reach large objects. */
  private static String warmUp(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (PreparedStatement statement = connection.prepareStatement("select ?")) {
      statement.setBlob(1, InputStream.nullInputStream());
      statement.execute();
    }
    connection.rollback();
    return "";
  }

  private static String follow(Way way, Connection connection, String key) throws Exception {
    for (Step step : way.steps()) {
      step.action().on(connection, key);
    }
    return "";
  }

  /** The runs of a unit, the first of which is cut. */
  private final class Run {
    private final Cell cell;
    private final String key;
    private final List<Step> steps;
    private int runs;

    Run(Cell cell, String key) {
      this.cell = cell;
      this.key = key;
      this.steps = cell.way().steps(cell.mode());
    }

    String once(Connection connection) throws Exception {
      runs++;
      for (int i = 0; i < steps.size(); i++) {
        boolean here = runs == 1 && i == cell.cut();
        if (here) {
          arm(steps.get(i));
        }
        steps.get(i).action().on(connection, key);
        if (here && cell.phase() == Phase.AFTER && i + 1 < steps.size()) {
          proxy.cut(Cut.RST);
        }
      }
      return "";
    }

    private void arm(Step step) {
      switch (cell.phase()) {
        case BEFORE -> proxy.cutRequest(step.request(), Cut.RST);
        case DURING -> proxy.cutReplyTo(step.request(), Cut.RST);
        case AFTER -> {
          // cut when it is done
        }
      }
    }
  }

  private static String judge(Cell cell, Run run, @Nullable Throwable thrown, int rows) {
    Fate fate = cell.fate();
    int right = cell.way().rows();
    boolean ok =
        switch (fate) {
          case RUN_AGAIN ->
              thrown == null
                  && run.runs == 2
                  && (cell.kind() == Cell.Kind.POOL_IDEMPOTENT
                      ? rows >= right && rows <= 2 * right
                      : rows == right);
          case GOES_ON -> thrown == null && run.runs == 1 && rows == right;
          case IN_DOUBT ->
              (thrown != null && run.runs == 1 && rows <= right)
                  // the kernel knew already that there is nobody to send to
                  || (cell.phase() == Phase.AFTER && run.runs == 2 && rows == right);
          case COMMITTED -> thrown != null && run.runs == 1 && rows <= right;
        };
    return ok
        ? ""
        : cell
            + ": should be "
            + fate
            + " with "
            + right
            + " rows; ran "
            + run.runs
            + " times, "
            + rows
            + " rows, "
            + thrown;
  }

  private int rows(String key) throws SQLException {
    try (PreparedStatement statement =
        books.prepareStatement("select count(*) from ledger where key = ?")) {
      statement.setString(1, key);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        int rows = row.getInt(1);
        return rows + prepared(key);
      }
    }
  }

  /** A transaction left prepared is there for good, and has one row. */
  private int prepared(String key) throws SQLException {
    try (Statement statement = books.createStatement();
        ResultSet row =
            statement.executeQuery(
                "select count(*) from pg_prepared_xacts where gid = '" + key + "'")) {
      row.next();
      int left = row.getInt(1);
      if (left > 0) {
        statement.execute("rollback prepared '" + key + "'");
      }
      return left;
    }
  }

  @Override
  public void close() throws SQLException {
    pool.close();
    proxy.close();
    books.close();
  }
}
