package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.everpool.api.CloseReason;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.observe.Repeats;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A transaction that was left open is told of again and again only if something may be lost by it.
 */
class LeftOpenLinesTest {
  private static final String ROLLED_BACK =
      "Pool everpool: connection 1 came back with an open transaction, which was rolled back";
  private static final String READ =
      ROLLED_BACK
          + "; by its SQL it has only read, and more of them that end in this way aren't warned of";
  private static final int TIMES = 5;

  private final FakeLeaseManager leases = FakeLeaseManager.over(new FakeDriver());

  private interface Work {
    void in(PooledConnection connection) throws SQLException;
  }

  /** Leaves transactions open in one place, seldom enough for a line about each. */
  private void assertToldOf(int lines, String line, Work work) throws SQLException {
    leases.repeats = new Repeats<>();
    try (Logged logged = new Logged()) {
      for (int i = 0; i < TIMES; i++) {
        try (PooledConnection connection = leases.acquire()) {
          connection.setAutoCommit(false);
          work.in(connection);
        }
        leases.repeatsAt += Repeats.AGAIN;
      }
      assertThat(logged.messages(Level.WARN)).isEqualTo(Collections.nCopies(lines, line));
      assertThat(logged.messages(Level.DEBUG))
          .hasSize(TIMES - lines)
          .allMatch(told -> told.contains("came back with an open transaction"));
    }
    assertThat(leases.events)
        .as("each is counted")
        .isEqualTo(Collections.nCopies(TIMES, new PoolEvent.TransactionLeftOpen("everpool", 1)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "select 1",
        "select count(*), lower(name) from t where id in (1, 2) group by 2",
        "select * from t for update",
        "with w as (select 1) select * from w",
        "values (1)",
        "table t",
        "show all",
        "declare c cursor for select 1",
        "fetch 10 from c"
      })
  void aTransactionThatHasOnlyReadIsToldOfOnceForEachWay(String sql) throws SQLException {
    assertToldOf(1, READ, connection -> connection.createStatement().execute(sql));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "insert into t values (1)",
        "update t set x = 1",
        "delete from t",
        "merge into t using s on true when matched then delete",
        "create table t (x int)",
        "truncate t",
        "copy t from '/tmp/t'",
        "call p()",
        "do 'begin end'",
        "select f(1)",
        "select 1 into t",
        "with w as (delete from t returning 1) select * from w",
        "explain analyze delete from t",
        "select 1; delete from t",
        "refresh materialized view v"
      })
  void oneThatMayHaveWrittenIsToldOfAsLongAsThatGoesOn(String sql) throws SQLException {
    assertToldOf(TIMES, ROLLED_BACK, connection -> connection.createStatement().execute(sql));
  }

  @Test
  void soIsOneThatHasWrittenARow() throws SQLException {
    assertToldOf(
        TIMES,
        ROLLED_BACK,
        connection -> {
          ResultSet rows = connection.createStatement().executeQuery("select");
          rows.insertRow();
        });
  }

  @Test
  void soIsOneOfWhichTheDriversOwnObjectMayKnowMore() throws SQLException {
    assertToldOf(
        TIMES,
        ROLLED_BACK,
        connection -> {
          connection.createStatement().execute("select 1");
          FakeLeaseManager.session(connection).exposed();
        });
  }

  /** What the line says is known before the connection is another's. */
  @ParameterizedTest
  @CsvSource({"select 1, true", "insert, false"})
  void whatWasDoneOnAConnectionThatIsClosedIsToldLikewise(String sql, boolean read)
      throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setAutoCommit(false);
    connection.createStatement().execute(sql);
    FakeLeaseManager.doom(connection, CloseReason.MAX_LIFETIME);
    try (Logged logged = new Logged()) {
      connection.close();
      assertThat(logged.messages(Level.WARN)).containsExactly(read ? READ : ROLLED_BACK);
    }
  }
}
