package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.CloseReason;
import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.Sampled;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.jdbc.PgConnection;

/**
 * The answer to a COMMIT gets lost, on a connection that isn't in a unit of work: whoever made it
 * is told that nobody knows what became of it (08007), whatever way it was sent. What is lost
 * otherwise is told as the driver tells it, but for {@linkplain LostWriteIT writes in autocommit}.
 */
@Sampled
@Timeout(120)
class LostCommitIT {
  private static final String NAME = "lost-commit";

  private FaultProxy proxy;

  @BeforeEach
  void open() throws SQLException {
    proxy = FaultProxy.before(Db.server());
    try (Pool pool = pool(Map.of());
        Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("create table if not exists lost_commit (n int)");
      statement.execute("truncate lost_commit");
    }
  }

  @AfterEach
  void close() {
    proxy.close();
  }

  private Pool pool(Map<String, String> properties) throws SQLException {
    String url = Db.server().libpqUrl(proxy.host(), proxy.port());
    return Everpool.open(Db.config(NAME, url).properties(properties).minSize(1).maxSize(2).build());
  }

  private interface Call {
    void on(Connection connection) throws SQLException;
  }

  private static Arguments way(String name, String cut, Call call, boolean unknown) {
    return Arguments.of(name, cut, call, unknown);
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void write(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    execute(connection, "insert into lost_commit values (1)");
  }

  static Stream<Arguments> ways() {
    return Stream.of(
        way(
            "commit()",
            "COMMIT",
            c -> {
              write(c);
              c.commit();
            },
            true),
        way(
            "setAutoCommit(true)",
            "COMMIT",
            c -> {
              write(c);
              c.setAutoCommit(true);
            },
            true),
        way(
            "a text",
            "commit work",
            c -> {
              execute(c, "begin");
              execute(c, "insert into lost_commit values (1)");
              execute(c, "commit work");
            },
            true),
        way(
            "a prepared text",
            "end",
            c -> {
              write(c);
              try (PreparedStatement statement = c.prepareStatement("end /* it */")) {
                statement.execute();
              }
            },
            true),
        way(
            "several texts at once",
            "insert",
            c -> execute(c, "begin; insert into lost_commit values (1); commit"),
            true),
        way(
            "a batch",
            "commit",
            c -> {
              try (Statement statement = c.createStatement()) {
                statement.addBatch("begin");
                statement.addBatch("insert into lost_commit values (1)");
                statement.addBatch("commit");
                statement.executeBatch();
              }
            },
            true),
        way(
            "a write in a transaction",
            "values (2)",
            c -> {
              write(c);
              execute(c, "insert into lost_commit values (2)");
            },
            false),
        way(
            "a rollback",
            "ROLLBACK",
            c -> {
              write(c);
              c.rollback();
            },
            false));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ways")
  void isToldAsUnknown(String name, String cut, Call call, boolean unknown) throws Exception {
    for (FaultProxy.Cut how : FaultProxy.Cut.values()) {
      try (Pool pool = pool(Map.of())) {
        try (Connection connection = pool.getConnection()) {
          proxy.cutReplyTo(cut, how);
          Throwable thrown = catchThrowable(() -> call.on(connection));
          if (unknown) {
            isUnknown(thrown);
          } else {
            assertThat(Db.sqlStates(thrown)).first().isEqualTo("08006");
          }
          assertThat(connection.isClosed()).isTrue();
        }
        proxy.cutNoMore();
        try (Connection next = pool.getConnection()) {
          assertThat(Db.ask(next, "select 'here'")).isEqualTo("here");
        }
        Await.until(
            Db.LIMIT,
            () -> pool.snapshot().closed().containsKey(CloseReason.FAILED),
            "the end of a connection that was lost");
      }
    }
  }

  private static void isUnknown(Throwable thrown) {
    assertThat(thrown)
        .isInstanceOf(CommitOutcomeUnknownException.class)
        .hasMessageContaining("look for its effect before you repeat it")
        .hasCauseInstanceOf(SQLException.class);
    assertThat(Db.sqlStates(thrown)).startsWith("08007", "08006");
  }

  /** Where nothing can be seen of what is sent, JDBC's own calls count. */
  @Test
  void thatOfASocketOfSomeoneElsesMakingToo() throws Exception {
    for (Call commit : new Call[] {Connection::commit, c -> c.setAutoCommit(true)}) {
      try (Pool pool = pool(Map.of("socketFactory", PlainSockets.class.getName()));
          Connection connection = pool.getConnection()) {
        write(connection);
        proxy.cutReplyTo("COMMIT", FaultProxy.Cut.RST);
        isUnknown(catchThrowable(() -> commit.on(connection)));
        proxy.cutNoMore();
      }
    }
  }

  /** A unit asks the server, and knows. */
  @Test
  void aUnitOfWorkFindsOut() throws Exception {
    try (Pool pool = pool(Map.of())) {
      proxy.cutReplyTo("COMMIT", FaultProxy.Cut.FIN);
      pool.inTransaction(
          WorkOptions.DEFAULT,
          connection -> {
            execute(connection, "insert into lost_commit values (7)");
            return "";
          });
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "select count(*) from lost_commit where n = 7"))
            .isEqualTo("1");
      }
    }
  }

  static Stream<Arguments> waysOfAUnit() {
    return Stream.concat(
        ways()
            .filter(way -> (boolean) way.get()[3])
            .filter(way -> !"COMMIT".equals(way.get()[1])), // of JDBC's calls, which it looks up
        Stream.of(
            way(
                "the driver's own object",
                "COMMIT",
                c -> {
                  write(c);
                  c.unwrap(PgConnection.class).commit();
                },
                true)));
  }

  /** Of what it has sent otherwise nobody can ask the server. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("waysOfAUnit")
  void isToldAsUnknownOfAUnitToo(String name, String cut, Call call, boolean unknown)
      throws Exception {
    List<PoolEvent> events = new CopyOnWriteArrayList<>();
    PoolConfig config =
        Db.config(NAME, Db.server().libpqUrl(proxy.host(), proxy.port())).minSize(1).build();
    try (Pool pool = Everpool.builder(config).listener(events::add).open()) {
      proxy.cutReplyTo(cut, FaultProxy.Cut.RST);
      isUnknown(catchThrowable(() -> pool.<SQLException>use(call::on)));
      proxy.cutNoMore();
      Await.until(
          Db.LIMIT,
          () -> events.stream().anyMatch(PoolEvent.RetryRefused.class::isInstance),
          "the refusal of a rerun");
    }
    assertThat(events)
        .filteredOn(
            event ->
                event instanceof PoolEvent.CommitResolved
                    || event instanceof PoolEvent.RetryRefused)
        .satisfiesExactly(
            event ->
                assertThat(event)
                    .isEqualTo(new PoolEvent.CommitResolved(NAME, "", CommitStatus.UNKNOWN)),
            event -> assertThat(event).isInstanceOf(PoolEvent.RetryRefused.class));
  }

  /** By an exception of its own; and of the driver's own object nobody else hears. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("waysOfAUnit")
  void andThoughItsWorkHidesIt(String name, String cut, Call call, boolean unknown)
      throws Exception {
    try (Pool pool = pool(Map.of());
        Connection connection = pool.getConnection()) {
      proxy.cutReplyTo(cut, FaultProxy.Cut.RST);
      Throwable thrown =
          catchThrowable(
              () ->
                  UnitRerunner.of(pool)
                      .<Boolean, SQLException>rerun(
                          connection,
                          WorkOptions.DEFAULT,
                          same -> {
                            try {
                              call.on(same);
                            } catch (SQLException e) {
                              throw new IllegalStateException("of a framework");
                            }
                            return true;
                          }));
      proxy.cutNoMore();
      assertThat(thrown)
          .isInstanceOf(CommitOutcomeUnknownException.class)
          .hasCauseInstanceOf(IllegalStateException.class);
    }
  }

  /** It would have been repeated, so nobody has asked what became of it. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("waysOfAnIdempotentUnit")
  void andOfAnIdempotentOneThatGetsNoOtherConnection(
      String name, String cut, Call call, boolean unknown) throws Exception {
    Db.server().execute("create role lost_commit_app login password 'lc'");
    Db.server().execute("grant insert on lost_commit to lost_commit_app");
    PoolConfig config =
        Db.config(NAME, Db.server().libpqUrl(proxy.host(), proxy.port()))
            .user("lost_commit_app")
            .password("lc")
            .minSize(1)
            .build();
    try (Pool pool = Everpool.open(config)) {
      Db.server()
          .execute("alter role lost_commit_app nologin"); // of which callers are told at once
      proxy.cutReplyTo(cut, FaultProxy.Cut.RST);
      Throwable thrown =
          catchThrowable(() -> pool.<SQLException>use(WorkOptions.IDEMPOTENT, call::on));
      proxy.cutNoMore();
      assertThat(thrown)
          .isInstanceOf(CommitOutcomeUnknownException.class)
          .hasMessageContaining("look for its effect before you repeat it");
    } finally {
      Db.server().execute("drop owned by lost_commit_app");
      Db.server().execute("drop role lost_commit_app");
    }
  }

  /** What its next run has committed is there, and what that fails of then is something else. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("waysOfAnIdempotentUnit")
  void butNotOfAnIdempotentOneThatHasRepeatedIt(String name, String cut, Call call, boolean unknown)
      throws Exception {
    AtomicInteger runs = new AtomicInteger();
    PoolConfig config =
        Db.config(NAME, Db.server().libpqUrl(proxy.host(), proxy.port()))
            .retry(RetryConfig.DEFAULT.withMaxAttempts(2))
            .minSize(1)
            .build();
    try (Pool pool = Everpool.open(config)) {
      proxy.cutReplyTo(cut, FaultProxy.Cut.RST);
      Throwable thrown =
          catchThrowable(
              () ->
                  pool.<SQLException>use(
                      WorkOptions.IDEMPOTENT,
                      connection -> {
                        runs.incrementAndGet();
                        call.on(connection);
                        proxy.cutReplyTo("select 4711", FaultProxy.Cut.RST);
                        execute(connection, "select 4711");
                      }));
      proxy.cutNoMore();
      assertThat(runs).hasValue(2);
      assertThat(thrown)
          .isInstanceOf(SQLException.class)
          .isNotInstanceOf(CommitOutcomeUnknownException.class);
    }
  }

  static Stream<Arguments> waysOfAnIdempotentUnit() {
    return Stream.concat(waysOfAUnit(), ways().filter(way -> "COMMIT".equals(way.get()[1])));
  }
}
