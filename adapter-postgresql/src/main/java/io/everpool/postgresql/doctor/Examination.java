package io.everpool.postgresql.doctor;

import io.everpool.api.PoolConfig;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.commit.LookupPermission;
import io.everpool.postgresql.doctor.Finding.Subject;
import io.everpool.postgresql.driver.PgjdbcInternals;
import io.everpool.postgresql.driver.PresentDriver;
import io.everpool.postgresql.limits.Slots;
import io.everpool.postgresql.session.SessionCatalog;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.postgresql.PGConnection;

/** Examines what an open connection shows. */
final class Examination {
  private static final int ROUND_TRIPS = 9;

  /** With this round trip, in nanoseconds, twenty statements in a row take half a second. */
  private static final long FAR = TimeUnit.MILLISECONDS.toNanos(25);

  private static final int OLDEST_SERVER = 12;

  private static final String SETTINGS =
      "select name, setting from pg_catalog.pg_settings where name in ('statement_timeout',"
          + " 'lock_timeout', 'transaction_timeout', 'idle_session_timeout',"
          + " 'idle_in_transaction_session_timeout', 'client_connection_check_interval')";

  private final PoolConfig config;
  private final int own;
  private final PhysicalConnection physical;
  private final Connection connection;
  private final Findings findings;
  private boolean behindPooler;

  /**
   * @param own how many of the server's connections belong to the pool that is examined
   */
  Examination(PoolConfig config, int own, PhysicalConnection physical, Findings findings) {
    this.config = config;
    this.own = own;
    this.physical = physical;
    this.connection = physical.jdbc();
    this.findings = findings;
  }

  private interface Step {
    void run() throws SQLException;
  }

  /** Returns those of the connector's notes that needn't be said again. */
  List<String> examine() {
    List<String> told = new ArrayList<>();
    step(Subject.POOLER, this::pooler);
    step(Subject.LATENCY, this::latency);
    step(Subject.VERSIONS, this::versions);
    step(Subject.SLOTS, () -> slots(told));
    step(Subject.TIMEOUTS, this::timeouts);
    step(Subject.COMMITS, this::commits);
    step(Subject.FUNCTIONS, () -> functions(told));
    return told;
  }

  private void step(Subject subject, Step step) {
    try {
      step.run();
    } catch (SQLException e) {
      findings.problem(subject, "the server can't be asked: " + e.getMessage());
    }
  }

  private Connection driversOwn() throws SQLException {
    return PgjdbcInternals.within(connection);
  }

  private void pooler() throws SQLException {
    boolean other = answering() != ((PGConnection) driversOwn()).getBackendPID();
    behindPooler = other || physical.isSharedByTransaction();
    if (physical.isSharedByTransaction()) {
      findings.ok(
          Subject.POOLER,
          "one that lends a server connection for each transaction: SET, LISTEN, session advisory"
              + " locks and temporary tables can't be had");
    } else {
      findings.ok(
          Subject.POOLER, other ? "one that lends a server connection for the session" : "none");
    }
  }

  private int answering() throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select pg_catalog.pg_backend_pid()")) {
      row.next();
      return row.getInt(1);
    }
  }

  private void latency() throws SQLException {
    long[] took = new long[ROUND_TRIPS];
    for (int i = 0; i < took.length; i++) {
      long begun = System.nanoTime();
      physical.validate(config.validationTimeout().toNanos());
      took[i] = System.nanoTime() - begun;
    }
    Arrays.sort(took);
    long median = took[ROUND_TRIPS / 2];
    String text =
        "a round trip takes " + millis(median) + " ms (the median of " + ROUND_TRIPS + ")";
    if (median < FAR) {
      findings.ok(Subject.LATENCY, text);
    } else {
      findings.advice(
          Subject.LATENCY,
          text
              + ", and each statement costs one: run the application in the database's region, or"
              + " send more with each statement");
    }
  }

  static String millis(long nanos) {
    return String.format(Locale.ROOT, "%.1f", nanos / 1e6);
  }

  private void versions() throws SQLException {
    DatabaseMetaData data = connection.getMetaData();
    String text =
        "pgjdbc " + PresentDriver.HERE.version() + ", server " + data.getDatabaseProductVersion();
    if (data.getDatabaseMajorVersion() < OLDEST_SERVER) {
      findings.advice(
          Subject.VERSIONS, text + ": Everpool is for PostgreSQL from " + OLDEST_SERVER + " on");
    } else {
      findings.ok(Subject.VERSIONS, text);
    }
  }

  private void slots(List<String> told) throws SQLException {
    if (behindPooler) {
      findings.ok(
          Subject.SLOTS, "the pooler's own limits count (max_client_conn, default_pool_size)");
      return;
    }
    Slots slots = Slots.of(driversOwn());
    String warning = slots.warning(config.maxSize(), own + 1);
    told.add(warning);
    if (slots.free() == 0 && own + 1 < config.maxSize()) {
      findings.problem(Subject.SLOTS, "no further connection can be opened: " + warning);
    } else if (!warning.isEmpty()) {
      findings.advice(Subject.SLOTS, warning);
    } else {
      findings.ok(
          Subject.SLOTS,
          slots.text()
              + ": room for "
              + slots.usable() / config.maxSize()
              + " pools of max-size "
              + config.maxSize());
    }
  }

  private void timeouts() throws SQLException {
    Map<String, Duration> limits = new HashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(SETTINGS)) {
      while (rows.next()) {
        limits.put(rows.getString(1), Duration.ofMillis(rows.getLong(2)));
      }
    }
    Limits server = new Limits(config, limits);
    List<String> advice = server.advice();
    advice.forEach(text -> findings.advice(Subject.TIMEOUTS, text));
    if (advice.isEmpty()) {
      findings.ok(Subject.TIMEOUTS, server.text());
    }
  }

  private void commits() throws SQLException {
    if (!config.retry().commitOutcome()) {
      findings.ok(
          Subject.COMMITS,
          "a COMMIT whose answer is lost is not looked up, as retry.commit-outcome says");
      return;
    }
    String obstacle = new LookupPermission().obstacle(driversOwn());
    if (obstacle == null) {
      findings.ok(Subject.COMMITS, "a COMMIT whose answer is lost can be looked up");
    } else {
      findings.advice(
          Subject.COMMITS,
          "a COMMIT whose answer is lost can't be looked up ("
              + obstacle
              + "): its unit of work ends with CommitOutcomeUnknownException. "
              + LookupPermission.ADVICE);
    }
  }

  private void functions(List<String> told) throws SQLException {
    SessionCatalog catalog = new SessionCatalog(Long.MAX_VALUE);
    catalog.refresh(driversOwn(), Duration.ZERO);
    told.addAll(catalog.notes());
    List<String> tracing = catalog.tracing();
    if (catalog.notes().isEmpty()) {
      findings.ok(Subject.FUNCTIONS, "none leaves state in a session");
    } else if (tracing.isEmpty()) {
      told.forEach(note -> findings.advice(Subject.FUNCTIONS, note));
    } else {
      findings.advice(
          Subject.FUNCTIONS,
          tracing.size()
              + " names of functions, tables or views leave state in a session when they are used,"
              + " or might: "
              + String.join(", ", tracing)
              + ". With reset = smart a connection whose statements name them is cleaned when it"
              + " comes back, at a round trip; a setting made with set_config(..., true) or SET LOCAL"
              + " needs none");
    }
  }
}
