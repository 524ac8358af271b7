package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.Sampled;
import java.io.StringReader;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The answer to a write in autocommit gets lost, on a connection that isn't in a unit of work:
 * whoever made it is told that it may be there (08007), by whatever call. What can't be there is
 * told as the driver tells it.
 */
@Sampled
@Timeout(180)
@Tag("one-jdk")
class LostWriteIT {
  private static final String NAME = "lost-write";
  private static final String INSERT = "insert into lost_write values (1)";

  private FaultProxy proxy;

  @BeforeEach
  void open() throws SQLException {
    proxy = FaultProxy.before(Db.server());
    try (Pool pool = pool(Map.of());
        Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("create table if not exists lost_write (n int primary key)");
      statement.execute(
          "create or replace function pay(n int) returns int language sql as"
              + " 'insert into lost_write values (n) returning n'");
      statement.execute(
          "create or replace procedure post(n int) language sql as"
              + " 'insert into lost_write values (n)'");
      statement.execute("truncate lost_write");
    }
  }

  @AfterEach
  void close() {
    proxy.close();
  }

  private PoolConfig config(Map<String, String> properties) {
    String url = Db.server().libpqUrl(proxy.host(), proxy.port());
    return Db.config(NAME, url).properties(properties).minSize(1).maxSize(2).build();
  }

  private Pool pool(Map<String, String> properties) throws SQLException {
    return Everpool.open(config(properties));
  }

  /** Of which the pool knows no more than JDBC does. */
  private Pool plain() throws SQLException {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setUrl("jdbc:postgresql://" + proxy.host() + ":" + proxy.port() + "/");
    source.setDatabaseName(Db.server().database());
    source.setUser(Db.server().user());
    source.setPassword(Db.server().password());
    PoolConfig config =
        PoolConfig.builder("jdbc:any:thing").name(NAME).minSize(1).maxSize(2).build();
    return Everpool.builder(config).dataSource(source).open();
  }

  private interface Call {
    void on(Connection connection) throws Exception;
  }

  private static Arguments way(String name, String cut, Call call) {
    return Arguments.of(name, cut, call);
  }

  private interface OnStatement {
    void run(Statement statement) throws SQLException;
  }

  private static Arguments direct(String name, OnStatement call) {
    return way(
        name,
        "insert",
        c -> {
          try (Statement statement = c.createStatement()) {
            call.run(statement);
          }
        });
  }

  private interface OnPrepared {
    void run(PreparedStatement statement) throws SQLException;
  }

  private static Arguments prepared(String name, OnPrepared call) {
    return way(
        name,
        "insert",
        c -> {
          try (PreparedStatement statement =
              c.prepareStatement("insert into lost_write values (?)")) {
            statement.setInt(1, 1);
            call.run(statement);
          }
        });
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Arguments text(String cut, String sql) {
    return way(sql, cut, c -> execute(c, sql));
  }

  static Stream<Arguments> writes() {
    return Stream.of(
        direct("execute", s -> s.execute(INSERT)),
        direct("executeUpdate", s -> s.executeUpdate(INSERT)),
        direct("executeLargeUpdate", s -> s.executeLargeUpdate(INSERT)),
        direct("executeQuery", s -> s.executeQuery(INSERT + " returning n")),
        direct("with keys", s -> s.executeUpdate(INSERT, Statement.RETURN_GENERATED_KEYS)),
        direct(
            "executeBatch",
            s -> {
              s.addBatch(INSERT);
              s.addBatch("insert into lost_write values (2)");
              s.executeBatch();
            }),
        prepared("prepared", PreparedStatement::executeUpdate),
        prepared("prepared query", s -> s.execute()),
        prepared(
            "prepared batch",
            s -> {
              s.addBatch();
              s.executeLargeBatch();
            }),
        text("with", "with paid as (" + INSERT + " returning n) select * from paid"),
        text("select pay", "select pay(1)"),
        text("select", "select n into lost_write_copy from lost_write"),
        text("call post", "call post(1)"),
        text("do $$", "do $$ begin perform pay(1); end $$"),
        text("create", "create table lost_write_made (n int)"),
        way(
            "a function",
            "pay",
            c -> {
              try (CallableStatement call = c.prepareCall("{call pay(?)}")) {
                call.setInt(1, 1);
                call.execute();
              }
            }),
        way(
            "a row",
            "INSERT INTO",
            c -> {
              try (Statement statement =
                      c.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_UPDATABLE);
                  ResultSet rows = statement.executeQuery("select n from lost_write")) {
                rows.moveToInsertRow();
                rows.updateInt(1, 1);
                rows.insertRow();
              }
            }),
        way(
            "behind others",
            "values (2)",
            c -> {
              execute(c, INSERT);
              execute(c, "select 1");
              execute(c, "insert into lost_write values (2)");
            }));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("writes")
  void isToldAsUnknown(String name, String cut, Call call) throws Exception {
    for (String mode : List.of("extended", "simple")) {
      drop();
      try (Pool pool = pool(Map.of("preferQueryMode", mode));
          LogCapture log = LogCapture.open()) {
        try (Connection connection = pool.getConnection()) {
          proxy.cutReplyTo(cut, FaultProxy.Cut.FIN);
          isUnknown(catchThrowable(() -> call.on(connection)), "08006");
          assertThat(connection.isClosed()).isTrue();
        }
        assertThat(log.lines(Level.WARN, "nobody knows whether a write in autocommit was done"))
            .hasSize(1);
        goesOn(pool);
      }
    }
  }

  private static void drop() {
    Db.server().execute("drop table if exists lost_write_copy, lost_write_made");
    Db.server().execute("truncate lost_write");
  }

  private void goesOn(Pool pool) throws SQLException {
    proxy.cutNoMore();
    try (Connection next = pool.getConnection()) {
      assertThat(Db.ask(next, "select 'here'")).isEqualTo("here");
    }
    Await.until(
        Db.LIMIT,
        () -> pool.snapshot().closed().containsKey(CloseReason.FAILED),
        "the end of a connection that was lost");
  }

  /** Where nothing can be seen of what is sent the texts count, whoever has made the socket. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("writes")
  void soItIsWhereNothingIsSeen(String name, String cut, Call call) throws Exception {
    for (boolean plain : new boolean[] {true, false}) {
      drop();
      try (Pool pool =
              plain ? plain() : pool(Map.of("socketFactory", PlainSockets.class.getName()));
          Connection connection = pool.getConnection()) {
        proxy.cutReplyTo(cut, FaultProxy.Cut.RST);
        isUnknown(catchThrowable(() -> call.on(connection)), "08006");
        proxy.cutNoMore();
      }
    }
  }

  private static void isUnknown(Throwable thrown, String state) {
    assertThat(thrown)
        .isInstanceOf(WriteOutcomeUnknownException.class)
        .hasMessageContaining("Look for its effect before you repeat it")
        .hasMessageContaining("Pool.inTransaction")
        .hasCauseInstanceOf(SQLException.class);
    assertThat(Db.sqlStates(thrown)).startsWith("08007", state);
  }

  static Stream<Arguments> others() {
    return Stream.of(
        text("select 1", "select 1"),
        text("count", "select count(*), max(n) from lost_write"),
        text("with", "with a as (select 1) select * from a"),
        text("set", "set application_name = 'x'"),
        way(
            "a query behind a write",
            "select n",
            c -> {
              execute(c, "insert into lost_write values (7)");
              execute(c, "select n from lost_write");
            }),
        way(
            "in a transaction",
            "insert",
            c -> {
              c.setAutoCommit(false);
              execute(c, INSERT);
            }),
        way(
            "in a transaction of SQL's",
            "insert",
            c -> {
              execute(c, "begin");
              execute(c, INSERT);
            }),
        way(
            "begun with it",
            "insert",
            c -> execute(c, "begin; insert into lost_write values (1); select 1")),
        way(
            "read-only",
            "insert",
            c -> {
              c.setReadOnly(true);
              execute(c, INSERT);
            }),
        way(
            "a function, read-only",
            "select pay",
            c -> {
              c.setReadOnly(true);
              execute(c, "select pay(1)");
            }));
  }

  /** And nothing is there. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("others")
  void isNotToldOfWhatCannotBeThere(String name, String cut, Call call) throws Exception {
    try (Pool pool = pool(Map.of());
        LogCapture log = LogCapture.open()) {
      try (Connection connection = pool.getConnection()) {
        proxy.cutReplyTo(cut, FaultProxy.Cut.FIN);
        Throwable thrown = catchThrowable(() -> call.on(connection));
        assertThat(Db.sqlStates(thrown)).first().isEqualTo("08006");
      }
      assertThat(log.lines(Level.WARN, "nobody knows")).isEmpty();
      goesOn(pool);
    }
    assertThat(Db.server().ask("select count(*) from lost_write where n <> 7")).isEqualTo("0");
  }

  /** It is refused, and that was the answer. */
  @Test
  void norOfWhatHasItsAnswer() throws Exception {
    try (Pool pool = pool(Map.of());
        Connection connection = pool.getConnection()) {
      execute(connection, INSERT);
      int session = Db.pid(connection);
      assertThat(Db.sqlStates(catchThrowable(() -> execute(connection, INSERT))))
          .containsExactly("23505");
      Db.server().terminate(session);
      Throwable thrown = catchThrowable(() -> execute(connection, "select n from lost_write"));
      assertThat(Db.sqlStates(thrown)).first().isEqualTo("57P01");
    }
  }

  /** The server has never seen it, which nobody here can know. */
  @ParameterizedTest
  @EnumSource(FaultProxy.Cut.class)
  void aRequestThatWasLostOnTheWayIsOneToo(FaultProxy.Cut how) throws Exception {
    try (Pool pool = pool(Map.of());
        Connection connection = pool.getConnection()) {
      proxy.cutRequest("insert", how);
      isUnknown(catchThrowable(() -> execute(connection, INSERT)), "08006");
    }
    assertThat(Db.server().ask("select count(*) from lost_write")).isEqualTo("0");
  }

  private enum End {
    KILLED("57P01"),
    ABORTED("08006"),
    CLOSED("08006"),
    TIMED_OUT("08006");

    private final String state;

    End(String state) {
      this.state = state;
    }
  }

  /** While the server is at it: it waits for a lock. */
  @ParameterizedTest
  @EnumSource(End.class)
  @SuppressWarnings("try") // the close is what is tested
  void itIsEndedUnderWay(End end) throws Exception {
    try (Pool pool = pool(Map.of());
        Connection connection = pool.getConnection();
        Connection holder = pool.getConnection()) {
      int session = Db.pid(connection);
      holder.setAutoCommit(false);
      execute(holder, "lock table lost_write");
      if (end == End.TIMED_OUT) {
        connection.setNetworkTimeout(Runnable::run, 300);
      }
      CompletableFuture<Throwable> thrown =
          CompletableFuture.supplyAsync(() -> catchThrowable(() -> execute(connection, INSERT)));
      if (end != End.TIMED_OUT) {
        Await.until(
            Db.LIMIT,
            () ->
                Db.server()
                    .ask("select count(*) from pg_locks where not granted and pid = " + session)
                    .equals("1"),
            "the insert to wait");
      }
      switch (end) {
        case KILLED -> Db.server().terminate(session);
        case ABORTED -> {
          proxy.freeze(); // else the pool cancels it first, which is an answer
          connection.abort(Runnable::run);
        }
        case CLOSED -> {
          proxy.freeze();
          connection.close();
        }
        case TIMED_OUT -> {
          // by itself
        }
      }
      isUnknown(thrown.get(), end.state);
      proxy.thaw();
      holder.rollback();
    }
  }

  /** What COPY says comes from the driver's own object, and doesn't pass the pool. */
  @Test
  void theDriversOwnObjectSpeaksForItself() throws Exception {
    try (Pool pool = pool(Map.of());
        Connection connection = pool.getConnection()) {
      PGConnection own = connection.unwrap(PGConnection.class);
      proxy.cutReplyTo("copy", FaultProxy.Cut.FIN);
      Throwable thrown =
          catchThrowable(
              () -> own.getCopyAPI().copyIn("copy lost_write from stdin", new StringReader("1\n")));
      assertThat(thrown)
          .isInstanceOf(SQLException.class)
          .isNotInstanceOf(WriteOutcomeUnknownException.class);
    }
  }

  /** In the framework's own exception. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void soIsOneThatJdbiSendsWithoutAUnit(boolean everpools) throws Exception {
    try (Pool pool = pool(Map.of())) {
      Jdbi jdbi = everpools ? EverpoolJdbi.create(pool) : Jdbi.create(pool);
      try (Handle handle = jdbi.open()) {
        proxy.cutReplyTo("insert", FaultProxy.Cut.FIN);
        Throwable thrown = catchThrowable(() -> handle.execute(INSERT));
        assertThat(thrown).isInstanceOf(UnableToExecuteStatementException.class);
        isUnknown(thrown.getCause(), "08006");
      }
    }
  }
}
