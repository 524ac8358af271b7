package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Verdict;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.api.driver.Effects;
import io.everpool.api.observe.PoolEvent;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLNonTransientException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A write in autocommit whose answer got lost, outside of units of work, is told as that; and
 * nothing else is.
 */
class LostWriteTest {
  private static final String INSERT = "insert into t values (1)";

  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);
  private final FakeLeaseManager plain = FakeLeaseManager.plain(driver);
  private final Logged logged = new Logged();

  @AfterEach
  void stopLogging() {
    logged.close();
  }

  private interface Call {
    void run() throws SQLException;
  }

  /** What is called after all that comes before it. */
  private interface Way {
    Call on(PooledConnection connection) throws SQLException;
  }

  private static Arguments way(String name, String method, Way way) {
    return Arguments.of(name, method, way);
  }

  private static Arguments direct(String name, String method, StatementCall call) {
    return way(
        name,
        method,
        c -> {
          Statement statement = c.createStatement();
          return () -> call.run(statement);
        });
  }

  private static Arguments prepared(String name, String method, PreparedCall call) {
    return way(
        name,
        method,
        c -> {
          PreparedStatement statement = c.prepareStatement(INSERT);
          return () -> call.run(statement);
        });
  }

  private interface StatementCall {
    void run(Statement statement) throws SQLException;
  }

  private interface PreparedCall {
    void run(PreparedStatement statement) throws SQLException;
  }

  private interface RowCall {
    void run(ResultSet rows) throws SQLException;
  }

  private static Arguments row(String method, RowCall call) {
    return way(
        method,
        method,
        c -> {
          ResultSet rows =
              c.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_UPDATABLE)
                  .executeQuery("select * from t");
          return () -> call.run(rows);
        });
  }

  private interface BlobCall {
    void run(Blob blob) throws SQLException;
  }

  private static Arguments blob(String method, BlobCall call) {
    return way(
        "Blob." + method,
        method,
        c -> {
          Blob blob = c.createBlob();
          return () -> call.run(blob);
        });
  }

  static Stream<Arguments> ways() {
    String[] names = {"id"};
    int[] columns = {1};
    return Stream.of(
        direct("execute", "execute", s -> s.execute(INSERT)),
        direct("execute, keys", "execute", s -> s.execute(INSERT, 1)),
        direct("execute, columns", "execute", s -> s.execute(INSERT, columns)),
        direct("execute, names", "execute", s -> s.execute(INSERT, names)),
        direct("executeUpdate", "executeUpdate", s -> s.executeUpdate(INSERT)),
        direct("executeUpdate, keys", "executeUpdate", s -> s.executeUpdate(INSERT, 1)),
        direct("executeUpdate, columns", "executeUpdate", s -> s.executeUpdate(INSERT, columns)),
        direct("executeUpdate, names", "executeUpdate", s -> s.executeUpdate(INSERT, names)),
        direct("executeLargeUpdate", "executeLargeUpdate", s -> s.executeLargeUpdate(INSERT)),
        direct(
            "executeLargeUpdate, keys", "executeLargeUpdate", s -> s.executeLargeUpdate(INSERT, 1)),
        direct("executeQuery", "executeQuery", s -> s.executeQuery(INSERT + " returning id")),
        direct("more results", "getMoreResults", s -> more(s, false)),
        direct("more results, kept", "getMoreResults", s -> more(s, true)),
        direct("executeBatch", "executeBatch", s -> batch(s).executeBatch()),
        direct("executeLargeBatch", "executeLargeBatch", s -> batch(s).executeLargeBatch()),
        prepared("prepared execute", "execute", PreparedStatement::execute),
        prepared("prepared executeUpdate", "executeUpdate", PreparedStatement::executeUpdate),
        prepared("prepared large", "executeLargeUpdate", PreparedStatement::executeLargeUpdate),
        prepared("prepared executeQuery", "executeQuery", PreparedStatement::executeQuery),
        prepared("prepared batch", "executeBatch", s -> added(s).executeBatch()),
        prepared("prepared large batch", "executeLargeBatch", s -> added(s).executeLargeBatch()),
        way(
            "a procedure",
            "execute",
            c -> {
              CallableStatement call = c.prepareCall("{call pay(?)}");
              return call::execute;
            }),
        way(
            "a function",
            "executeUpdate",
            c -> {
              CallableStatement call = c.prepareCall("{? = call pay(?)}");
              return call::executeUpdate;
            }),
        row("insertRow", ResultSet::insertRow),
        row("updateRow", ResultSet::updateRow),
        row("deleteRow", ResultSet::deleteRow),
        blob("setBytes", b -> b.setBytes(1, new byte[1])),
        blob("truncate", b -> b.truncate(0)));
  }

  private static void more(Statement statement, boolean kept) throws SQLException {
    statement.execute("insert into t values (1); insert into t values (2)");
    if (kept) {
      statement.getMoreResults(Statement.KEEP_CURRENT_RESULT);
    } else {
      statement.getMoreResults();
    }
  }

  private static Statement batch(Statement statement) throws SQLException {
    statement.addBatch(INSERT);
    return statement;
  }

  private static PreparedStatement added(PreparedStatement statement) throws SQLException {
    statement.addBatch();
    return statement;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ways")
  void isTold(String name, String method, Way way) throws SQLException {
    for (Effects seen : new Effects[] {Effects.UNPROVEN, Effects.IN_DOUBT}) {
      PooledConnection connection = leases.acquire();
      sees(connection, seen, seen);
      Call call = way.on(connection);
      SQLException lost = driver.breakNext(method);
      assertTold(catchThrowable(call::run), lost);
      assertThat(leases.doomed).as("judged by what the driver has thrown").hasSize(1);
      leases.doomed.clear();
      assertLines(1);
      long number = connection.current().number();
      connection.close();
      assertThat(leases.events).containsExactly(new PoolEvent.WriteUnknown("everpool", number));
      leases.events.clear();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ways")
  void isToldOfADriverWithoutAnAdapter(String name, String method, Way way) throws SQLException {
    PooledConnection connection = plain.acquire();
    Call call = way.on(connection);
    SQLException lost = driver.breakNext(method);
    assertTold(catchThrowable(call::run), lost);
    assertLines(1);
    connection.close();
  }

  /** In each of these nothing of it can be there. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("ways")
  void isNotToldWhereNothingCanBeThere(String name, String method, Way way) throws SQLException {
    List<Way> reasons = new ArrayList<>();
    reasons.add(
        c -> {
          sees(c, Effects.NONE, Effects.NONE);
          return way.on(c);
        });
    reasons.add(
        c -> {
          c.setAutoCommit(false);
          return way.on(c);
        });
    reasons.add(
        c -> {
          Call call = way.on(c);
          c.observer(new Deaf());
          return call;
        });
    reasons.add(
        c -> {
          driver.canRefuseWrites = true;
          c.setReadOnly(true);
          return way.on(c);
        });
    for (Way reason : reasons) {
      for (FakeLeaseManager of : List.of(leases, plain)) {
        PooledConnection connection = of.acquire();
        Call call = reason.on(connection);
        SQLException lost = driver.breakNext(method);
        assertThat(catchThrowable(call::run)).isSameAs(lost);
        driver.canRefuseWrites = false;
        connection.observer(null);
        connection.close();
      }
    }
    assertLines(0);
  }

  private static final class Deaf implements UnitObserver {
    @Override
    public void executing() {}

    @Override
    public void exposed() {}

    @Override
    public void failed(Verdict verdict, SQLException failure) {}

    @Override
    public void writeRefused() {}

    @Override
    public void commit() {}
  }

  /** A failure that has an answer, or says that nothing was sent any more. */
  @ParameterizedTest
  @ValueSource(strings = {"23505", "40001", "57014", "08003", "25006"})
  void noOtherFailureIsTaken(String state) throws SQLException {
    PooledConnection connection = leases.acquire();
    SQLException failure = new SQLException("no", state);
    driver.failNext("execute", failure);
    Throwable thrown = catchThrowable(() -> connection.createStatement().execute(INSERT));
    assertThat(thrown).isNotInstanceOf(WriteOutcomeUnknownException.class);
    assertLines(0);
    connection.close();
  }

  /** The server's farewell is no answer, and so is the end of a driver that says it in its way. */
  @Test
  void anyLossIsOne() throws SQLException {
    for (String state : new String[] {"57P01", "08006", "08S01"}) {
      PooledConnection connection = leases.acquire();
      SQLException lost = new SQLException("gone", state);
      driver.failNext("execute", lost);
      assertTold(catchThrowable(() -> connection.createStatement().execute(INSERT)), lost);
      connection.close();
    }
    PooledConnection connection = leases.acquire();
    SQLException lost = new SQLException("the service is shutting down", "S0001", 6005);
    driver.failNext("execute", lost);
    driver.during("execute", FakeLeaseManager.physical(connection)::breakOff);
    assertTold(catchThrowable(() -> connection.createStatement().execute(INSERT)), lost);
    Throwable second = catchThrowable(() -> connection.createStatement().execute(INSERT));
    assertThat(second).as("nothing was sent").isNotInstanceOf(WriteOutcomeUnknownException.class);
  }

  /** Whoever goes on as if nothing had happened: a driver doesn't say 08003 to each. */
  @Test
  void itIsToldOnce() throws SQLException {
    PooledConnection connection = leases.acquire();
    Statement insert = connection.createStatement();
    Statement query = connection.createStatement();
    SQLException lost = driver.breakNext("execute");
    driver.during("execute", FakeLeaseManager.physical(connection)::breakOff);
    assertTold(catchThrowable(() -> insert.execute(INSERT)), lost);
    SQLException again = new SQLException("while sending to the backend", "08006");
    for (Statement statement : List.of(insert, insert, query)) {
      driver.failNext("execute", again);
      assertThat(catchThrowable(() -> statement.execute(INSERT))).isSameAs(again);
    }
  }

  /** What the last statement has sent, or a text of the lease, by who knows. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "select * from t | false",
        "select count(*), max(a) from t where a in (1) and (b = 2) | false",
        "with x as (select 1) select * from x | false",
        "with x (a, b) as (values (1, 2)) select * from x | false",
        "select * from unnest(array[1]) as t(a) | false",
        "select pg_sleep(60) | false",
        "select pg_catalog.set_config('a.b', 'c', false) | false",
        "select 'pay(1)' | false",
        "set search_path to a | false",
        "begin | false",
        "values (1) | false",
        "show all | false",
        "explain select 1 | false",
        "select pay(1) | true",
        "select PAY (1) | true",
        "select app.count(1) | true",
        "select \"Pay\"(1) | true",
        "select pay/* it */(1) | true",
        "select * into b from a | true",
        "select pg_notify('a', 'b') | true",
        "select lo_create(0) | true",
        "values (pay(1)) | true",
        "explain analyze select pay(1) | true",
        "with x as (delete from t returning 1) select 1 from x | true",
        "select 1; delete from t | true",
        "notify a | true",
        "create table a (b int) | true",
        "truncate t | true",
        "call pay(1) | true",
        "do $$ begin perform pay(1); end $$ | true",
        "copy t from '/tmp/t' | true",
        "merge into t using s on true when matched then delete | true",
        "exec pay 1 | true",
        "begin pay(1); end; | true",
        "vacuum | true",
        "refresh materialized view v | true",
      })
  void theTextSaysIt(String sql, boolean told) throws SQLException {
    for (FakeLeaseManager of : List.of(plain, leases)) {
      PooledConnection connection = of.acquire();
      SQLException lost = driver.breakNext("execute");
      Throwable thrown = catchThrowable(() -> connection.createStatement().execute(sql));
      assertThatItIs(told, thrown, lost);
      connection.close();
    }
  }

  /**
   * Where the adapter sees what is sent it is that which counts: a query behind a write that was
   * answered is none, and one that calls a function is.
   */
  @ParameterizedTest
  @CsvSource({"select 1, false", "select pay(1), true"})
  void aQueryIsToldFromAWriteByWhatWasSent(String query, boolean told) throws SQLException {
    PooledConnection connection = leases.acquire();
    sees(connection, Effects.NONE, Effects.IN_DOUBT);
    connection.createStatement().execute(INSERT);
    SQLException lost = driver.breakNext("execute");
    Throwable thrown = catchThrowable(() -> connection.createStatement().execute(query));
    assertThatItIs(told, thrown, lost);
    connection.close();
  }

  /** What it sends goes unseen by the texts, but not by an adapter. */
  @Test
  void whatTheDriversOwnObjectHasSentCountsWhereItIsSeen() throws SQLException {
    for (Effects seen : new Effects[] {Effects.IN_DOUBT, Effects.UNPROVEN}) {
      PooledConnection connection = leases.acquire();
      connection.unwrap(FakeDriver.Vendor.class);
      sees(connection, seen, seen);
      SQLException lost = driver.breakNext("execute");
      Throwable thrown = catchThrowable(() -> connection.createStatement().execute("select 1"));
      assertThatItIs(seen == Effects.IN_DOUBT, thrown, lost);
      connection.close();
    }
  }

  /** A driver that takes it for a hint refuses nothing; but a query is one that only reads. */
  @ParameterizedTest
  @CsvSource({"select pay(1), false", "insert into t values (1), true"})
  void readOnlyAsAHintIsAWordAboutQueries(String sql, boolean told) throws SQLException {
    PooledConnection connection = plain.acquire();
    connection.setReadOnly(true);
    SQLException lost = driver.breakNext("execute");
    Throwable thrown = catchThrowable(() -> connection.createStatement().execute(sql));
    assertThatItIs(told, thrown, lost);
    connection.close();
  }

  /** His own abort, or close, on another thread: the write may be there all the same. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void isToldWhereAnotherThreadHasEndedIt(boolean abort) throws SQLException {
    for (FakeLeaseManager of : List.of(plain, leases)) {
      PooledConnection connection = of.acquire();
      FakePhysical physical = FakeLeaseManager.physical(connection);
      Statement statement = connection.createStatement();
      SQLException lost = driver.breakNext("execute");
      driver.during(
          "execute",
          () -> {
            try {
              physical.inStep = false;
              if (abort) {
                connection.abort(Runnable::run);
              } else {
                connection.close();
              }
              physical.breakOff();
            } catch (SQLException e) {
              throw new AssertionError(e);
            }
          });
      assertTold(catchThrowable(() -> statement.execute(INSERT)), lost);
      assertThat(connection.isClosed()).isTrue();
      connection.close();
    }
  }

  /** That it was a COMMIT only the adapter has seen. */
  @Test
  void aCommitByATextThatAnotherThreadHasEndedIsOne() throws SQLException {
    PooledConnection connection = leases.acquire();
    FakePhysical physical = FakeLeaseManager.physical(connection);
    Statement statement = connection.createStatement();
    statement.execute("begin");
    statement.execute(INSERT);
    sees(connection, Effects.IN_DOUBT, Effects.IN_DOUBT);
    physical.commitUnanswered = true;
    SQLException lost = driver.breakNext("execute");
    driver.during(
        "execute",
        () -> {
          try {
            connection.abort(Runnable::run);
          } catch (SQLException e) {
            throw new AssertionError(e);
          }
          physical.breakOff();
        });
    assertThat(catchThrowable(() -> statement.execute("commit")))
        .isInstanceOf(CommitOutcomeUnknownException.class)
        .hasCause(lost);
    assertLines(0);
    connection.close();
  }

  /** One whose session is another's by now, and lives: what has failed says nothing of it. */
  @Test
  void isNotToldOfASessionThatLivesOn() throws SQLException {
    PooledConnection connection = leases.acquire();
    Statement statement = connection.createStatement();
    SQLException lost = driver.breakNext("execute");
    driver.during("execute", connection::close);
    assertThat(catchThrowable(() -> statement.execute(INSERT))).isSameAs(lost);
  }

  /** An adapter that fails at the question has said nothing: the texts count. */
  @Test
  void anAdapterThatFailsHasSaidNothing() throws SQLException {
    PooledConnection connection = leases.acquire();
    FakeLeaseManager.physical(connection).unansweredFailure = new IllegalStateException("broken");
    SQLException lost = driver.breakNext("execute");
    assertTold(catchThrowable(() -> connection.createStatement().execute(INSERT)), lost);
    connection.close();
  }

  /** As frameworks do in their {@code finally}. */
  @Test
  void doesNotGetInTheWayOfSettingBack() throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setReadOnly(false);
    SQLException lost = driver.breakNext("execute");
    assertTold(catchThrowable(() -> connection.createStatement().execute(INSERT)), lost);
    connection.setReadOnly(false);
    connection.close();
    assertThat(leases.closed).hasSize(1);
  }

  private static void sees(PooledConnection connection, Effects write, Effects query) {
    FakePhysical physical = FakeLeaseManager.physical(connection);
    physical.unanswered = write;
    physical.unansweredIfQueriesWrite = query;
  }

  /** Told as a write that may be there, or else thrown as the driver has it. */
  private void assertThatItIs(boolean told, @Nullable Throwable thrown, SQLException lost) {
    if (told) {
      assertTold(thrown, lost);
    } else {
      assertThat(thrown).isSameAs(lost);
    }
  }

  private void assertTold(@Nullable Throwable thrown, SQLException lost) {
    assertThat(thrown)
        .isInstanceOfSatisfying(
            WriteOutcomeUnknownException.class, e -> assertThat(e.getSQLState()).isEqualTo("08007"))
        .as("what is retried blindly is another class")
        .isInstanceOf(SQLNonTransientException.class)
        .hasMessageContaining("may be there or not")
        .hasMessageContaining("Look for its effect before you repeat it")
        .hasMessageContaining(lost.getMessage())
        .hasCause(lost);
    assertThat(leases.classify(thrown)).isEqualTo(Verdict.CONNECTION_LOST);
  }

  private int lines;

  private void assertLines(int more) {
    lines += more;
    assertThat(logged.messages(Level.WARN))
        .filteredOn(
            line ->
                line.contains("nobody knows whether a write in autocommit was done, on connection"))
        .hasSize(lines);
  }
}
