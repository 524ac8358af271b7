package io.everpool.postgresql;

import static io.everpool.postgresql.Sessions.TIMEOUT;
import static io.everpool.postgresql.Sessions.connector;
import static io.everpool.postgresql.Sessions.server;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.Everpool;
import io.everpool.servers.PgBouncer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;

/**
 * Whether statements are prepared behind a pooler of transactions, by the name that it gives them.
 * What a real PgBouncer does is in PoolerTest.
 */
@Timeout(120)
class PreparingTest {

  @ParameterizedTest
  @CsvSource({
    "PGBOUNCER_12, 256",
    "PGBOUNCER_12, 1000",
    "sv_8Qd3, 90",
    "sv_8Qd3, 0",
    "supavisor_-576, 50"
  })
  void one_that_keeps_track_of_as_many_as_there_will_be_is_given_them(String name, int kept) {
    assertThat(Preparing.unprepared(name, kept)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"sv_8Qd3, 256", "sv_8Qd3, 91", "supavisor_-576, 256"})
  void one_that_ends_whoever_prepares_more_is_given_none(String name, int kept) {
    assertThat(Preparing.unprepared(name, kept))
        .contains("Supavisor", "set preparedStatementCacheQueries to 90 or less");
  }

  @Test
  void one_that_forgets_is_given_none() {
    assertThat(Preparing.unprepared(null, 50)).contains("keeps no track", "PgBouncer");
  }

  @ParameterizedTest
  @CsvSource({"256, 0", "90, 5"})
  void what_its_names_tell_is_done(String kept, int threshold) throws Exception {
    PgBouncer.Kind tracking = PgBouncer.Kind.KEEPS_TRACK;
    assumeTrue(tracking.isAvailable(), tracking.missing());
    try (PgBouncer bouncer = tracking.before(server(), "transaction", Map.of());
        Renaming way = new Renaming(bouncer.port());
        Connector connector =
            connector(
                way.url(),
                c ->
                    c.user(server().user())
                        .password(server().password())
                        .pooler(PoolerMode.TRANSACTION)
                        .properties(Map.of("preparedStatementCacheQueries", kept)))) {
      PhysicalConnection connection = connector.open(TIMEOUT);
      assertThat(connection.jdbc().unwrap(PGConnection.class).getPrepareThreshold())
          .isEqualTo(threshold);
      assertThat(connector.notes().stream().anyMatch(note -> note.contains("Supavisor")))
          .isEqualTo(threshold == 0);
      assertThat(connector.classify(unknown("S_1")))
          .isEqualTo(threshold == 0 ? Verdict.STALE_PLAN : Verdict.STALE_SESSION);
      assertThat(connector.notes().stream().anyMatch(note -> note.contains("keeps no track")))
          .isEqualTo(threshold != 0);
      connection.close();
    }
  }

  private static Connector through(PgBouncer bouncer) {
    return connector(
        bouncer.jdbcUrl(),
        c ->
            c.user(server().user())
                .password(server().password())
                .pooler(PoolerMode.TRANSACTION)
                .properties(Map.of("prepareThreshold", "1")));
  }

  private static int threshold(PhysicalConnection connection) throws SQLException {
    return connection.jdbc().unwrap(PGConnection.class).getPrepareThreshold();
  }

  private static PgBouncer tracking() {
    PgBouncer.Kind tracking = PgBouncer.Kind.KEEPS_TRACK;
    assumeTrue(tracking.isAvailable(), tracking.missing());
    return tracking.before(server(), "transaction", Map.of("default_pool_size", "1"));
  }

  /** Otherwise one client's statement would be run in place of another's, a COMMIT among them. */
  @Test
  void one_that_keeps_track_no_more_after_a_restart_is_given_none() throws Exception {
    try (PgBouncer bouncer = tracking();
        Connector connector = through(bouncer)) {
      PhysicalConnection before = connector.open(TIMEOUT);
      assertThat(threshold(before)).isEqualTo(1);
      bouncer.kill();
      bouncer.set("max_prepared_statements", "0");
      bouncer.startAgain();
      PhysicalConnection after = connector.open(TIMEOUT);
      assertThat(threshold(after)).isZero();
      assertThat(connector.notes()).anySatisfy(n -> assertThat(n).contains("keeps no track"));
      before.close();
      after.close();
    }
  }

  /** After a reload its clients stay, and the names that they have are nothing to the server. */
  @Test
  void the_drivers_names_in_a_failure_tell_that_it_keeps_track_no_more() throws Exception {
    try (PgBouncer bouncer = tracking();
        Connector connector = through(bouncer)) {
      PhysicalConnection one = connector.open(TIMEOUT);
      PhysicalConnection other = connector.open(TIMEOUT);
      try (PreparedStatement known = one.jdbc().prepareStatement("select 1")) {
        known.executeQuery();
        bouncer.set("max_prepared_statements", "0");
        bouncer.reload();
        one.jdbc().setAutoCommit(false); // in autocommit the driver prepares it anew by itself
        SQLException unknown = catchThrowableOfType(SQLException.class, known::executeQuery);
        assertThat(unknown.getMessage()).contains("\"S_", "does not exist");
        assertThat(connector.classify(unknown)).isEqualTo(Verdict.STALE_SESSION);
        one.jdbc().rollback();
        one.jdbc().setAutoCommit(true);
      }
      ask(one.jdbc());
      SQLException taken =
          catchThrowableOfType(SQLException.class, () -> prepareUntilRefused(other.jdbc()));
      assertThat(taken.getMessage()).contains("\"S_", "already exists");
      assertThat(connector.classify(taken)).isEqualTo(Verdict.STALE_SESSION);
      assertThat(connector.classify(new BatchUpdateException("", "42P05", new int[0], taken)))
          .isEqualTo(Verdict.STALE_SESSION);
      PhysicalConnection after = connector.open(TIMEOUT);
      assertThat(threshold(after)).isZero();
      after.close();
      other.close();
      one.close();
      assertThat(connector.classify(taken)).isEqualTo(Verdict.STALE_SESSION);
      assertThat(connector.classify(unknown("S_1"))).isEqualTo(Verdict.STALE_PLAN);
    }
  }

  private static SQLException unknown(String name) {
    return new SQLException("prepared statement \"" + name + "\" does not exist", "26000");
  }

  /** All sessions were opened without, so there is none to be replaced. */
  @Test
  void a_program_that_prepares_where_it_keeps_no_track_has_a_failed_statement() throws Exception {
    PgBouncer.Kind tracking = PgBouncer.Kind.KEEPS_TRACK;
    assumeTrue(tracking.isAvailable(), tracking.missing());
    try (PgBouncer bouncer =
            tracking.before(
                server(),
                "transaction",
                Map.of("default_pool_size", "1", "max_prepared_statements", "0"));
        Connector connector = through(bouncer)) {
      PhysicalConnection one = connector.open(TIMEOUT);
      PhysicalConnection other = connector.open(TIMEOUT);
      List<String> notes = connector.notes();
      prepare(one.jdbc());
      SQLException taken = catchThrowableOfType(SQLException.class, () -> prepare(other.jdbc()));
      assertThat(taken.getMessage()).contains("\"S_", "already exists");
      assertThat(connector.classify(taken)).isEqualTo(Verdict.STATEMENT_FAILED);
      assertThat(connector.classify(taken)).isEqualTo(Verdict.STATEMENT_FAILED);
      assertThat(connector.notes()).isEqualTo(notes);
      other.close();
      one.close();
    }
  }

  /** Prepares several, for the driver doesn't begin at the same number on each connection. */
  private static void prepare(Connection connection) throws SQLException {
    for (int i = 0; i < 5; i++) {
      try (PreparedStatement statement = connection.prepareStatement("select " + i)) {
        statement.unwrap(PGStatement.class).setPrepareThreshold(1);
        statement.executeQuery();
      }
    }
  }

  /** All of them have such names. */
  @Test
  void the_sessions_of_a_pool_are_replaced_then() throws Exception {
    try (PgBouncer bouncer = tracking();
        Pool pool =
            Everpool.open(
                PoolConfig.builder(bouncer.jdbcUrl())
                    .name("preparing")
                    .user(server().user())
                    .password(server().password())
                    .pooler(PoolerMode.TRANSACTION)
                    .properties(Map.of("prepareThreshold", "1"))
                    .minSize(2)
                    .maxSize(2)
                    .build())) {
      try (Connection one = pool.getConnection();
          Connection other = pool.getConnection()) {
        ask(one);
        ask(other);
      }
      bouncer.set("max_prepared_statements", "0");
      bouncer.reload();
      assertThat(pool.<Integer, SQLException>inTransaction(PreparingTest::ask)).isEqualTo(4711);
      try (Connection one = pool.getConnection();
          Connection other = pool.getConnection()) {
        assertThat(one.unwrap(PGConnection.class).getPrepareThreshold()).isZero();
        assertThat(other.unwrap(PGConnection.class).getPrepareThreshold()).isZero();
      }
    }
  }

  /** Such a session prepares as it would without a pooler, which it was opened for. */
  @Test
  void a_session_from_before_the_pooler_was_found_is_replaced_too() throws Exception {
    Pooler pooler = new Pooler(PoolerMode.AUTO);
    try (Connection before =
        DriverManager.getConnection(server().jdbcUrl(), server().user(), server().password())) {
      pooler.meet(before);
      assertThat(pooler.mode()).isEqualTo(PoolerMode.NONE);
      assertThat(pooler.judge(unknown("S_1"), Verdict.STALE_PLAN)).isEqualTo(Verdict.STALE_PLAN);
      SQLException refused = new SQLException("unsupported startup parameter: options", "08P01");
      assertThat(pooler.isShownBy(refused, PoolerMode.AUTO)).isTrue();
      assertThat(pooler.judge(unknown("S_1"), Verdict.STALE_PLAN)).isEqualTo(Verdict.STALE_SESSION);
    }
    assertThat(pooler.judge(unknown("S_1"), Verdict.STALE_PLAN)).isEqualTo(Verdict.STALE_PLAN);
  }

  /** Under one name after the other. */
  private static void prepareUntilRefused(Connection connection) throws SQLException {
    for (int i = 0; i < 20; i++) {
      try (PreparedStatement statement = connection.prepareStatement("select " + i)) {
        statement.executeQuery();
      }
    }
  }

  private static int ask(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("select 4711");
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getInt(1);
    }
  }

  /** A way to a real PgBouncer on which its names look like Supavisor's, and are as long. */
  private static final class Renaming implements AutoCloseable {
    private final ServerSocket listening =
        new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final ExecutorService pumps = Executors.newCachedThreadPool();
    private final int target;

    Renaming(int target) throws IOException {
      this.target = target;
      pumps.execute(this::accept);
    }

    String url() {
      return "jdbc:postgresql://127.0.0.1:%d/%s?sslmode=disable"
          .formatted(listening.getLocalPort(), server().database());
    }

    private void accept() {
      try {
        while (true) {
          Socket client = listening.accept();
          Socket pooler = new Socket(InetAddress.getLoopbackAddress(), target);
          pumps.execute(() -> pump(client, pooler));
          pumps.execute(() -> pump(pooler, client));
        }
      } catch (IOException e) {
        // closed
      }
    }

    private static void pump(Socket from, Socket to) {
      byte[] buffer = new byte[1 << 16];
      try (from;
          to) {
        for (int count; (count = from.getInputStream().read(buffer)) > 0; ) {
          String bytes = new String(buffer, 0, count, StandardCharsets.ISO_8859_1);
          String renamed = bytes.replace("PGBOUNCER_", "sv_OUNCER_");
          to.getOutputStream().write(renamed.getBytes(StandardCharsets.ISO_8859_1));
        }
      } catch (IOException e) {
        // either has ended
      }
    }

    @Override
    public void close() throws IOException {
      listening.close();
      pumps.shutdownNow();
    }
  }
}
