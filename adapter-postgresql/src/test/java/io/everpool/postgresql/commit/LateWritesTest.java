package io.everpool.postgresql.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.api.VoidWork;
import io.everpool.core.Everpool;
import io.everpool.postgresql.PlainSocketFactory;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.io.IOException;
import java.io.StringReader;
import java.sql.Blob;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/**
 * What is written by ways that send no statement through the faces, after the work has committed or
 * rolled back itself, is written once though the answer to the last COMMIT is lost; and so is what
 * gets no id of a transaction.
 */
@Timeout(600)
@Tag("one-jdk")
class LateWritesTest {
  private static final Map<String, String> UNSEEN =
      Map.of("socketFactory", PlainSocketFactory.class.getName());

  private static PostgresServer server;
  private static String largeObject;

  @BeforeAll
  static void start() {
    server = PostgresServer.startEmbedded(ServerSettings.defaults());
    server.execute("create table entry (run int primary key)");
    server.execute("grant all on entry to " + server.user());
    server.execute("create table scan (content oid)");
    largeObject = server.ask("select lo_create(0)");
    server.execute("alter large object " + largeObject + " owner to " + server.user());
    server.execute("insert into scan values (" + largeObject + ")");
    server.execute("grant all on scan to " + server.user());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /** Writes something that tells how many runs there were. */
  private interface Late {
    void write(int run) throws SQLException, IOException;
  }

  /** How it is prepared before the transaction ends that it goes on after. */
  enum Way {
    ROW_OF_A_RESULT_SET {
      @Override
      Late on(Connection connection) throws SQLException {
        Statement statement =
            connection.createStatement(
                ResultSet.TYPE_SCROLL_INSENSITIVE,
                ResultSet.CONCUR_UPDATABLE,
                ResultSet.HOLD_CURSORS_OVER_COMMIT);
        ResultSet rows = statement.executeQuery("select run from entry");
        return run -> {
          rows.moveToInsertRow();
          rows.updateInt(1, run);
          rows.insertRow();
        };
      }
    },
    LARGE_OBJECT {
      @Override
      Late on(Connection connection) throws SQLException {
        ResultSet rows = connection.createStatement().executeQuery("select content from scan");
        rows.next();
        Blob blob = rows.getBlob(1);
        return run -> blob.setBytes(blob.length() + 1, new byte[] {(byte) run});
      }
    },
    DRIVERS_CONNECTION {
      @Override
      Late on(Connection connection) throws SQLException {
        Connection bare = (Connection) connection.unwrap(PGConnection.class);
        return run -> execute(bare, "insert into entry values (" + run + ")");
      }
    },
    DRIVERS_STATEMENT {
      @Override
      Late on(Connection connection) throws SQLException {
        Statement bare = ((Connection) connection.unwrap(PGConnection.class)).createStatement();
        return run -> bare.execute("insert into entry values (" + run + ")");
      }
    },
    COPY {
      @Override
      Late on(Connection connection) throws SQLException {
        PGConnection bare = connection.unwrap(PGConnection.class);
        return run ->
            bare.getCopyAPI().copyIn("copy entry from stdin", new StringReader(run + "\n"));
      }
    };

    abstract Late on(Connection connection) throws SQLException;
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Pool open(FaultProxy proxy) throws SQLException {
    return open(proxy, Map.of());
  }

  private static Pool open(FaultProxy proxy, Map<String, String> properties) throws SQLException {
    return Everpool.open(
        PoolConfig.builder(server.libpqUrl(proxy.host(), proxy.port()))
            .minSize(1)
            .maxSize(1)
            .properties(properties)
            .retry(RetryConfig.DEFAULT.withMaxDuration(Duration.ofSeconds(60)))
            .build());
  }

  private static int written() {
    String sql = "select (select count(*) from entry) + length(lo_get(" + largeObject + "))";
    return Integer.parseInt(server.ask(sql));
  }

  @ParameterizedTest
  @EnumSource
  void whatIsWrittenAfterACommitIsThereOnce(Way way) throws Exception {
    writtenOnce(way, Connection::commit);
  }

  @ParameterizedTest
  @EnumSource(names = "ROW_OF_A_RESULT_SET", mode = EnumSource.Mode.EXCLUDE) // it ends with it
  void whatIsWrittenAfterARollbackIsThereOnce(Way way) throws Exception {
    writtenOnce(way, Connection::rollback);
  }

  private interface End {
    void of(Connection connection) throws SQLException;
  }

  private static void writtenOnce(Way way, End end) throws Exception {
    int before = written();
    server.execute("truncate entry");
    AtomicInteger runs = new AtomicInteger();
    int kept = written();
    assertThat(kept).isLessThanOrEqualTo(before);
    try (FaultProxy proxy = FaultProxy.before(server);
        Pool pool = open(proxy)) {
      pool.useTransaction(
          connection -> {
            Late late = way.on(connection);
            end.of(connection);
            late.write(runs.incrementAndGet());
            if (runs.get() == 1) {
              proxy.cutReplyTo("COMMIT", Cut.RST);
            }
          });
      assertThat(runs).hasValue(1);
      assertThat(written()).isEqualTo(kept + 1);
    }
  }

  /** With autocommit a row is a write like any other. */
  @Test
  void aRowOfAResultSetIsRefusedWhereWritesAre() throws SQLException {
    server.execute("truncate entry");
    try (Pool pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).maxSize(1).build());
        Connection connection = pool.getConnection()) {
      Statement statement =
          connection.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_UPDATABLE);
      ResultSet rows = statement.executeQuery("select run from entry");
      connection.setReadOnly(true);
      rows.moveToInsertRow();
      rows.updateInt(1, 1);
      assertThatThrownBy(rows::insertRow)
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25006"));
    }
    assertThat(server.ask("select count(*) from entry")).isEqualTo("0");
  }

  /** Whose transaction has no id, here: nobody can be asked, and so it isn't run again. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "notify written",
        "insert into elsewhere values (1)",
        "update elsewhere set run = run + 1",
        "delete from elsewhere where run = 7",
        "with x as (insert into elsewhere values (1) returning run) select * from x",
        "(with x as (delete from elsewhere returning run) table x)",
        "explain analyze insert into elsewhere values (1)",
        "EXPLAIN (costs off, ANALYZE) update elsewhere set run = run + 1",
        "prepare p as with x as (insert into elsewhere values (1) returning run) select * from x;"
            + " execute p",
        "do $$ begin insert into elsewhere values (1); end $$",
        "call enter_elsewhere()",
        "/* a */ declare c cursor with hold for select enter()"
      })
  void whatIsWrittenWithoutAnIdIsNotWrittenTwice(String write) throws Exception {
    foreignTable();
    assertRunOnceAndInDoubt(connection -> execute(connection, write));
  }

  /** Nothing is seen of what goes through a socket of the user's: there the texts have to do. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "notify written",
        "insert into elsewhere values (1)",
        "with x as (insert into elsewhere values (1) returning run) select * from x",
        "explain analyze insert into elsewhere values (1)",
        "do $$ begin insert into elsewhere values (1); end $$",
        "call enter_elsewhere()"
      })
  void norIsItBySocketsOfTheUsers(String write) throws Exception {
    foreignTable();
    assertRunOnceAndInDoubt(
        UNSEEN, "its transaction's id is not known", connection -> execute(connection, write));
  }

  @Test
  void norIsWhatTheDriversOwnObjectWritesThere() throws Exception {
    foreignTable();
    assertRunOnceAndInDoubt(
        UNSEEN,
        "its transaction's id is not known",
        connection ->
            execute(
                (Connection) connection.unwrap(PGConnection.class),
                "insert into elsewhere values (1)"));
  }

  @Test
  void whatOnlyReadsThereIsRunAgain() throws Exception {
    assertRunAgain(UNSEEN, connection -> execute(connection, "select 1"));
  }

  private static void assertRunOnceAndInDoubt(VoidWork<SQLException> write) throws Exception {
    assertRunOnceAndInDoubt(Map.of(), "without an id", write);
  }

  private static void assertRunOnceAndInDoubt(
      Map<String, String> properties, String why, VoidWork<SQLException> write) throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (FaultProxy proxy = FaultProxy.before(server);
        Pool pool = open(proxy, properties)) {
      assertThatThrownBy(
              () ->
                  pool.<SQLException>useTransaction(
                      connection -> {
                        runs.incrementAndGet();
                        write.run(connection);
                        proxy.cutReplyTo("COMMIT", Cut.RST);
                      }))
          .isInstanceOf(CommitOutcomeUnknownException.class)
          .hasMessageContaining(why);
      assertThat(runs).hasValue(1);
    }
  }

  /** Of what it has changed some rows are fetched, and so it isn't counted. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "insert into elsewhere values (1), (2) returning run",
        "update elsewhere set run = run + 1 returning run",
        "delete from elsewhere returning run",
        "/* a */ Insert into elsewhere values (1), (2) returning run"
      })
  void whatIsWrittenWithoutAnIdAndFetchedInPartIsNotWrittenTwice(String write) throws Exception {
    foreignTable();
    server.execute("insert into there values (8)");
    assertRunOnceAndInDoubt(connection -> fetchOne(connection, write));
  }

  /** What only reads is fetched in part like that as well. */
  @Test
  void whatIsReadInPartIsRunAgain() throws Exception {
    assertRunAgain(Map.of(), connection -> fetchOne(connection, "select 1 union all select 2"));
  }

  private static void assertRunAgain(Map<String, String> properties, VoidWork<SQLException> read)
      throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (FaultProxy proxy = FaultProxy.before(server);
        Pool pool = open(proxy, properties)) {
      pool.<SQLException>useTransaction(
          connection -> {
            read.run(connection);
            if (runs.incrementAndGet() == 1) {
              proxy.cutReplyTo("COMMIT", Cut.RST);
            }
          });
      assertThat(runs).hasValue(2);
    }
  }

  private static void fetchOne(Connection connection, String sql) throws SQLException {
    Statement statement = connection.createStatement();
    statement.setFetchSize(1);
    assertThat(statement.executeQuery(sql).next()).isTrue();
  }

  /** A batch tells of it by an exception of its own, which has the SQLState of a connection. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aForeignServerThatIsGoneIsNotTheConnections(boolean batch) throws Exception {
    foreignTable();
    server.execute("alter server itself options (set port '1')");
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).maxSize(1).build())) {
      String before = pool.run(LateWritesTest::backend);
      assertThatThrownBy(
              () ->
                  pool.<SQLException>useTransaction(
                      connection -> {
                        runs.incrementAndGet();
                        enterElsewhere(connection, batch);
                      }))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08001"));
      assertThat(runs).hasValue(1);
      assertThat(pool.run(LateWritesTest::backend)).isEqualTo(before);
    }
  }

  private static void enterElsewhere(Connection connection, boolean batch) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.addBatch("insert into elsewhere values (1)");
      if (batch) {
        statement.executeBatch();
      } else {
        statement.execute("insert into elsewhere values (1)");
      }
    }
  }

  private static String backend(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select pg_backend_pid()")) {
      row.next();
      return row.getString(1);
    }
  }

  /** What has changed nothing is nothing. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "select 1",
        "update entry set run = 1 where run = -1",
        "set local work_mem = 999",
        "with x as (select 1) select * from x",
        "explain insert into entry values (1)",
        "explain analyze select 1",
        "declare c cursor for select 1",
        "select 'with', 'insert'"
      })
  void whatHasWrittenNothingIsRunAgain(String work) throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (FaultProxy proxy = FaultProxy.before(server);
        Pool pool = open(proxy)) {
      pool.<SQLException>useTransaction(
          connection -> {
            execute(connection, work);
            if (runs.incrementAndGet() == 1) {
              proxy.cutReplyTo("COMMIT", Cut.RST);
            }
          });
      assertThat(runs).hasValue(2);
    }
  }

  private static void foreignTable() {
    server.execute("create extension if not exists postgres_fdw");
    server.execute("drop server if exists itself cascade");
    server.execute("drop table if exists there; create table there (run int)");
    server.execute("insert into there values (7)");
    server.execute("grant all on there to " + server.user());
    server.execute(
        "create server itself foreign data wrapper postgres_fdw options (host '127.0.0.1', port '"
            + server.port()
            + "', dbname '"
            + server.database()
            + "')");
    server.execute(
        "create user mapping for public server itself options (user '"
            + server.user()
            + "', password '"
            + server.password()
            + "')");
    server.execute(
        "create foreign table elsewhere (run int) server itself options (table_name 'there')");
    server.execute("grant all on elsewhere to " + server.user());
    server.execute(
        "create or replace function enter() returns void language sql as"
            + " 'insert into entry select coalesce(max(run), 0) + 1 from entry'");
    server.execute(
        "create or replace procedure enter_elsewhere() language plpgsql as"
            + " 'begin insert into elsewhere values (1); end'");
  }
}
