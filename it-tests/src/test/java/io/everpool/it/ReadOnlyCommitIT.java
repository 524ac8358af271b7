package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import io.everpool.servers.FaultProxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The answer to the COMMIT of a transaction that was set read-only gets lost, outside of units of
 * work. The server has refused its writes, so that there is nothing to look for: it is told as any
 * loss. It stays in doubt where something of it may be there all the same.
 */
@Timeout(120)
class ReadOnlyCommitIT {
  private static final String NAME = "read-only-commit";

  /** What a program does in the transaction, and how it ends that. */
  enum Way {
    COMMIT(false, List.of("select count(*) from seen"), Connection::commit),
    AUTOCOMMIT(false, List.of("select count(*) from seen"), c -> c.setAutoCommit(true)),
    NOTIFIES(true, List.of("notify news"), Connection::commit),
    NOTIFIES_BY_QUERY(true, List.of("select pg_notify('news', 'old')"), Connection::commit),
    EMITS(
        true,
        List.of("select pg_logical_emit_message(true, 'outbox', 'pay 17')"),
        Connection::commit),
    CALLS_A_FUNCTION(true, List.of("select of_the_program()"), Connection::commit),
    RUNS_A_BLOCK(
        true, List.of("do $$ begin perform pg_notify('news', ''); end $$"), Connection::commit),
    LIFTED(
        true,
        List.of("set transaction read write", "insert into seen values (1)"),
        Connection::commit),
    BY_ANOTHER_TEXT(
        true, List.of("commit; begin read write; insert into seen values (1)"), Connection::commit);

    final boolean unknown;
    final List<String> texts;
    final Call end;

    Way(boolean unknown, List<String> texts, Call end) {
      this.unknown = unknown;
      this.texts = texts;
      this.end = end;
    }
  }

  private interface Call {
    void on(Connection connection) throws SQLException;
  }

  private FaultProxy proxy;

  @BeforeEach
  void open() throws SQLException {
    proxy = FaultProxy.before(Db.server());
    try (Pool pool = pool(Map.of());
        Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("create table if not exists seen (n int)");
      statement.execute(
          "create or replace function of_the_program() returns int language sql as 'select 1'");
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

  private void lose(Pool pool, Way way, boolean unknown) throws SQLException {
    try (LogCapture log = LogCapture.open();
        Connection connection = pool.getConnection()) {
      connection.setReadOnly(true);
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        for (String text : way.texts) {
          statement.execute(text);
        }
      }
      proxy.cutReplyTo("COMMIT", FaultProxy.Cut.values()[0]);
      Throwable thrown = catchThrowable(() -> way.end.on(connection));
      proxy.cutNoMore();
      assertThat(connection.isClosed()).isTrue();
      if (unknown) {
        assertThat(thrown).isInstanceOf(CommitOutcomeUnknownException.class);
        assertThat(log.lines(Level.WARN, "nobody knows whether a COMMIT was done")).hasSize(1);
      } else {
        assertThat(Db.sqlStates(thrown)).first().isEqualTo("08006");
        assertThat(log.lines(Level.WARN, "nobody knows")).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void is_in_doubt_only_where_something_may_be_there(Way way) throws SQLException {
    try (Pool pool = pool(Map.of())) {
      lose(pool, way, way.unknown);
    }
  }

  /** The pool then has it from what it was called with. */
  @ParameterizedTest
  @EnumSource
  void also_where_nothing_is_seen_of_what_is_sent(Way way) throws SQLException {
    try (Pool pool = pool(Map.of("socketFactory", PlainSockets.class.getName()))) {
      lose(pool, way, way.unknown);
    }
  }

  /** To this driver read-only is a word, but the pool has the server refuse writes all the same. */
  @ParameterizedTest
  @EnumSource
  void also_where_the_driver_ignores_it(Way way) throws SQLException {
    try (Pool pool = pool(Map.of("readOnlyMode", "ignore"))) {
      lose(pool, way, way.unknown);
    }
  }
}
