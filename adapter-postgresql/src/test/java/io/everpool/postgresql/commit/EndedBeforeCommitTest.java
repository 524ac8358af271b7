package io.everpool.postgresql.commit;

import static io.everpool.postgresql.Sessions.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.Everpool;
import io.everpool.postgresql.Sessions;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Sampled;
import io.everpool.servers.ServerSettings;
import java.io.StringReader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;

/**
 * A session that has ended before a COMMIT, or a write in autocommit, was sent: nothing of it is on
 * the server, and so it is a loss like any other, and no doubt. A COMMIT that was sent stays in
 * doubt.
 */
@Sampled
@Timeout(600)
class EndedBeforeCommitTest {
  private static final String INSERT = "insert into entry values (1)";

  private static PostgresServer server;
  private static FaultProxy proxy;

  /** The session that was opened last. */
  private volatile PhysicalConnection session;

  /** How a session ends while nobody asks anything of it, and the SQLState that tells of it. */
  private enum End {
    TERMINATED("57P01"),
    IDLE_TOO_LONG("25P03"),
    CLOSED_ON_THE_WAY("08006"),
    RESET_ON_THE_WAY("08006");

    private final String state;

    End(String state) {
      this.state = state;
    }
  }

  private interface Work {
    void on(Connection connection) throws Exception;
  }

  /** What commits a transaction that is open. */
  private enum Committing {
    BY_COMMIT(Connection::commit),
    BY_AUTOCOMMIT(c -> c.setAutoCommit(true)),
    BY_SQL(c -> execute(c, "commit")),
    BY_SQL_AND_MORE(c -> execute(c, "commit; " + INSERT)),
    BY_PREPARED_SQL(
        c -> {
          try (PreparedStatement commit = c.prepareStatement("commit")) {
            commit.execute();
          }
        });

    private final Work work;

    Committing(Work work) {
      this.work = work;
    }
  }

  /** What writes in autocommit. */
  private enum Writing {
    BY_STATEMENT(c -> execute(c, INSERT)),
    BY_BLOCK(c -> execute(c, "begin; " + INSERT + "; commit")),
    BY_BATCH(
        c -> {
          try (Statement batch = c.createStatement()) {
            batch.addBatch(INSERT);
            batch.addBatch(INSERT);
            batch.executeBatch();
          }
        }),
    BY_LONG_TEXT(c -> execute(c, "/*" + "x".repeat(100_000) + "*/" + INSERT)),
    BY_COPY(
        c ->
            c.unwrap(PGConnection.class)
                .getCopyAPI()
                .copyIn("copy entry from stdin", new StringReader("1\n")));

    private final Work work;

    Writing(Work work) {
      this.work = work;
    }
  }

  @BeforeAll
  static void start() {
    server = PostgresServer.startEmbedded(ServerSettings.defaults().withTls());
    server.execute("create table entry (run int)");
    server.execute("grant all on entry to " + server.user());
    proxy = FaultProxy.before(server);
  }

  @AfterAll
  static void stop() {
    proxy.close();
    server.close();
  }

  @BeforeEach
  void empty() {
    server.execute("truncate entry");
  }

  private Pool open(boolean tls, UnaryOperator<PoolConfig.Builder> more) throws SQLException {
    String url =
        server.libpqUrl(proxy.host(), proxy.port()) + "?sslmode=" + (tls ? "require" : "disable");
    PoolConfig config = more.apply(PoolConfig.builder(url).maxSize(1)).build();
    Connector connector = Sessions.connector(url, builder -> more.apply(builder.maxSize(1)));
    Object watched =
        Proxy.newProxyInstance(
            Connector.class.getClassLoader(),
            new Class<?>[] {Connector.class},
            (self, method, arguments) -> {
              try {
                Object answer = method.invoke(connector, arguments);
                session = answer instanceof PhysicalConnection opened ? opened : session;
                return answer;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
    return Everpool.builder(config).connector((Connector) watched).open();
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String written() {
    return server.ask("select count(*) from entry");
  }

  private void end(End how, Connection connection) throws SQLException {
    switch (how) {
      case TERMINATED -> server.terminate(((PGConnection) session.jdbc()).getBackendPID());
      case IDLE_TOO_LONG ->
          execute(connection, "set idle_in_transaction_session_timeout = '100ms'");
      case CLOSED_ON_THE_WAY -> proxy.cut(Cut.FIN);
      case RESET_ON_THE_WAY -> proxy.cut(Cut.RST);
    }
    PhysicalConnection ended = session;
    Await.until(LIMIT, () -> ended.look() == Look.DEAD, "the end to arrive");
  }

  static Stream<Arguments> transactions() {
    return Stream.of(End.values())
        .flatMap(
            end ->
                Stream.of(Committing.values())
                    .flatMap(
                        how -> Stream.of(false, true).map(tls -> Arguments.of(end, how, tls))));
  }

  /** Everybody may do it again. */
  @ParameterizedTest(name = "{0}, {1}, TLS {2}")
  @MethodSource("transactions")
  void aCommitOutsideOfUnitsIsLost(End end, Committing how, boolean tls) throws Exception {
    try (Pool pool = open(tls, config -> config)) {
      try (Connection connection = pool.getConnection()) {
        connection.setAutoCommit(false);
        execute(connection, INSERT);
        end(end, connection);
        SQLException thrown =
            catchThrowableOfType(SQLException.class, () -> how.work.on(connection));
        assertThat((Throwable) thrown).isNotInstanceOf(CommitOutcomeUnknownException.class);
        assertThat(thrown.getSQLState()).isEqualTo(end.state);
      }
      try (Connection next = pool.getConnection()) {
        execute(next, INSERT);
      }
    }
    assertThat(written()).isEqualTo("1");
  }

  /** As the driver's own object says it; the pool hears of it when the lease ends. */
  @ParameterizedTest
  @EnumSource
  void aCommitOfTheDriversOwnObjectIsLost(End end) throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = open(false, config -> config)) {
      pool.<SQLException>use(
          connection -> {
            Connection own = (Connection) connection.unwrap(PGConnection.class);
            own.setAutoCommit(false);
            execute(own, INSERT);
            if (runs.incrementAndGet() == 1) {
              end(end, own);
            }
            own.commit();
            own.setAutoCommit(true);
          });
    }
    assertThat(runs).hasValue(2);
    assertThat(written()).isEqualTo("1");
  }

  static Stream<Arguments> units() {
    return Stream.of(End.values())
        .flatMap(end -> Stream.of(false, true).map(tls -> Arguments.of(end, tls)));
  }

  /** Though the server isn't asked for the transaction's id first. */
  @ParameterizedTest(name = "{0}, TLS {1}")
  @MethodSource("units")
  void aTransactionOfAUnitIsRunAgain(End end, boolean tls) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    RetryConfig unasked = RetryConfig.DEFAULT.withCommitOutcome(false);
    try (Pool pool = open(tls, config -> config.retry(unasked))) {
      pool.<SQLException>useTransaction(
          connection -> {
            execute(connection, INSERT);
            if (runs.incrementAndGet() == 1) {
              end(end, connection);
            }
          });
    }
    assertThat(runs).hasValue(2);
    assertThat(written()).isEqualTo("1");
  }

  static Stream<Arguments> writes() {
    return Arrays.stream(End.values())
        .filter(end -> end != End.IDLE_TOO_LONG) // that is for transactions
        .flatMap(
            end ->
                Stream.of(Writing.values())
                    .flatMap(
                        how -> Stream.of(false, true).map(tls -> Arguments.of(end, how, tls))));
  }

  @ParameterizedTest(name = "{0}, {1}, TLS {2}")
  @MethodSource("writes")
  void aWriteInAutocommitIsRunAgain(End end, Writing how, boolean tls) throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = open(tls, config -> config)) {
      pool.<Exception>use(
          connection -> {
            if (runs.incrementAndGet() == 1) {
              end(end, connection);
            }
            how.work.on(connection);
          });
    }
    assertThat(runs).hasValue(2);
    assertThat(written()).isEqualTo(how == Writing.BY_BATCH ? "2" : "1");
  }

  /** Whatever the server had begun to do: it is the other side of the proof. */
  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("lateEnds")
  void aCommitThatWasSentStaysInDoubt(boolean arrives, Cut how, boolean tls) throws SQLException {
    try (Pool pool = open(tls, config -> config);
        Connection connection = pool.getConnection()) {
      connection.setAutoCommit(false);
      execute(connection, INSERT);
      if (arrives) {
        proxy.cutReplyTo(tls ? "" : "COMMIT", how);
      } else {
        proxy.cutRequest(tls ? "" : "COMMIT", how);
      }
      assertThatThrownBy(connection::commit).isInstanceOf(CommitOutcomeUnknownException.class);
    }
    if (arrives) {
      Await.until(LIMIT, () -> written().equals("1"), "the entry");
    } else {
      assertThat(written()).isEqualTo("0");
    }
  }

  static Stream<Arguments> lateEnds() {
    return Stream.of(true, false)
        .flatMap(
            arrives ->
                Stream.of(Cut.values())
                    .flatMap(
                        how -> Stream.of(false, true).map(tls -> Arguments.of(arrives, how, tls))));
  }
}
