package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Verdict;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.Effects;
import io.everpool.api.observe.PoolEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A COMMIT whose answer got lost is told as that, and not as any other loss. */
class LostCommitTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);
  private final Logged logged = new Logged();

  @AfterEach
  void stopLogging() {
    logged.close();
  }

  private interface Call {
    void on(PooledConnection connection) throws SQLException;
  }

  private static Arguments way(
      String name,
      Call before,
      Call commit,
      String method,
      String state,
      Effects told,
      boolean is) {
    return Arguments.of(name, before, commit, method, state, told, is);
  }

  static Stream<Arguments> ways() {
    Call written =
        c -> {
          c.setAutoCommit(false);
          c.createStatement().execute("insert");
        };
    Call commit = PooledConnection::commit;
    Call implied = c -> c.setAutoCommit(true);
    Effects unseen = Effects.UNPROVEN;
    return Stream.of(
        way("commit()", written, commit, "commit", "08006", unseen, true),
        way("the server's farewell", written, commit, "commit", "57P01", unseen, true),
        way("setAutoCommit(true)", written, implied, "setAutoCommit", "08006", unseen, true),
        way("a conflict", written, commit, "commit", "40001", unseen, false),
        way("a constraint", written, commit, "commit", "23505", unseen, false),
        way("a standby", written, commit, "commit", "25006", unseen, false),
        way("lost before", written, commit, "commit", "08003", unseen, false),
        way("never sent", written, commit, "commit", "08006", Effects.NONE, false),
        way("in autocommit", c -> {}, commit, "commit", "08006", unseen, false),
        way("of nothing", c -> c.setAutoCommit(false), commit, "commit", "08006", unseen, false),
        way(
            "no commit",
            written,
            c -> c.createStatement().execute("insert"),
            "execute",
            "08006",
            unseen,
            false));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ways")
  void isTold(
      String name, Call before, Call commit, String method, String state, Effects told, boolean is)
      throws SQLException {
    PooledConnection connection = leases.acquire();
    before.on(connection);
    FakeLeaseManager.physical(connection).effects = told;
    SQLException lost = new SQLException("gone", state);
    driver.failNext(method, lost);
    Throwable thrown = catchThrowable(() -> commit.on(connection));
    if (is) {
      assertThat(thrown)
          .isInstanceOfSatisfying(
              CommitOutcomeUnknownException.class,
              e -> assertThat(e.getSQLState()).isEqualTo("08007"))
          .hasMessageContaining("look for its effect before you repeat it")
          .hasMessageContaining("gone")
          .hasCause(lost);
      assertThat(leases.classify(thrown)).isEqualTo(Verdict.CONNECTION_LOST);
      assertThat(leases.doomed).as("judged by what the driver has thrown").hasSize(1);
      driver.failNext("commit", new SQLException("gone for good", "08006"));
      assertThat(catchThrowable(connection::commit)).isInstanceOf(SQLException.class);
    } else {
      assertThat(thrown).isSameAs(lost);
    }
    counts(is);
    connection.close();
  }

  /** Once, as what nobody knows; whatever else is tried on what was lost. */
  private void counts(boolean unknown) {
    PoolEvent event = new PoolEvent.CommitResolved("everpool", "", CommitStatus.UNKNOWN);
    assertThat(leases.events).isEqualTo(unknown ? List.of(event) : List.of());
    assertThat(logged.messages(Level.WARN))
        .filteredOn(line -> line.contains("nobody knows whether a COMMIT was done, on connection"))
        .hasSize(unknown ? 1 : 0);
  }

  /** As SQL Server's does where the server ends the session. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aStateThatNobodyKnowsIsALossWhereTheDriverHasClosedItself(boolean implied)
      throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    String method = implied ? "setAutoCommit" : "commit";
    SQLException lost = new SQLException("the service is shutting down", "S0001", 6005);
    driver.failNext(method, lost);
    driver.during(method, FakeLeaseManager.physical(connection)::breakOff);
    assertThat(
            catchThrowable(
                () -> {
                  if (implied) {
                    connection.setAutoCommit(true);
                  } else {
                    connection.commit();
                  }
                }))
        .isInstanceOf(CommitOutcomeUnknownException.class)
        .hasCause(lost);
    counts(true);
  }

  /** And then it is closed, of which some drivers have no state: nothing was sent any more. */
  @ParameterizedTest
  @ValueSource(strings = {"", "HY000", "08003"})
  void aCommitAfterTheLossIsNone(String closed) throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setAutoCommit(false);
    Statement statement = connection.createStatement();
    driver.failNext("execute", new SQLException("the service is shutting down", "S0001", 6005));
    driver.during("execute", FakeLeaseManager.physical(connection)::breakOff);
    assertThat(catchThrowable(() -> statement.execute("insert"))).isInstanceOf(SQLException.class);
    SQLException second = new SQLException("the connection is closed", closed);
    driver.failNext("commit", second);
    assertThat(catchThrowable(connection::commit)).isSameAs(second);
    counts(false);
  }

  /** By a text, or with others in one message: only the driver has seen that. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("states")
  void byAStatementIsToldWhereTheDriverHasSeenIt(String state, boolean is) throws SQLException {
    PooledConnection connection = leases.acquire();
    FakeLeaseManager.physical(connection).commitUnanswered = true;
    SQLException lost = new SQLException("gone", state);
    driver.failNext("execute", lost);
    Throwable thrown = catchThrowable(() -> connection.createStatement().execute("commit"));
    if (is) {
      assertThat(thrown).isInstanceOf(CommitOutcomeUnknownException.class).hasCause(lost);
    } else {
      assertThat(thrown).isSameAs(lost);
    }
    counts(is);
    connection.close();
  }

  static Stream<Arguments> states() {
    return Stream.of(
        Arguments.of("08006", true),
        Arguments.of("57P01", true),
        Arguments.of("08003", false),
        Arguments.of("42601", false));
  }

  /** What a framework had set for its transaction it sets back, in a finally block. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("ways")
  void settingBackDoesNotHideIt(
      String name, Call before, Call commit, String method, String state, Effects told, boolean is)
      throws SQLException {
    if (!is) {
      return;
    }
    PooledConnection connection = leases.acquire();
    int level = connection.getTransactionIsolation();
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    connection.setReadOnly(true);
    before.on(connection);
    driver.failNext(method, new SQLException("gone", state));
    assertThat(catchThrowable(() -> commit.on(connection)))
        .isInstanceOf(CommitOutcomeUnknownException.class);

    assertThat(connection.isClosed()).isTrue();
    connection.setAutoCommit(true);
    connection.setTransactionIsolation(level);
    connection.setReadOnly(false);
    connection.close();
    assertThat(leases.closed).hasSize(1);
    assertThat(catchThrowable(connection::rollback))
        .as("after the program's own close")
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08003"));
  }

  /** A framework throws what its clean-up meets last in place of what its COMMIT has met. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("afterwards")
  void whateverIsCalledNextSaysItAgain(String name, Call next) throws SQLException {
    Map<String, Call> commits =
        Map.of("commit", PooledConnection::commit, "setAutoCommit", c -> c.setAutoCommit(true));
    for (Map.Entry<String, Call> commit : commits.entrySet()) {
      PooledConnection connection = leases.acquire();
      connection.setAutoCommit(false);
      connection.createStatement().execute("insert");
      SQLException lost = new SQLException("gone", "57P01");
      driver.failNext(commit.getKey(), lost);
      Throwable told = catchThrowable(() -> commit.getValue().on(connection));
      Throwable again = catchThrowable(() -> next.on(connection));
      assertThat(again)
          .isInstanceOf(CommitOutcomeUnknownException.class)
          .isNotSameAs(told) // somebody may suppress the one with the other
          .hasMessageStartingWith("This call has sent nothing")
          .hasMessageEndingWith(told.getMessage())
          .hasCause(lost);
      assertThat(leases.classify(again)).isEqualTo(Verdict.CONNECTION_LOST);
      connection.close();
    }
    assertThat(leases.events).as("each is counted once").hasSize(2);
  }

  static Stream<Arguments> afterwards() {
    return Stream.of(
        Arguments.of("rollback()", (Call) PooledConnection::rollback),
        Arguments.of("commit()", (Call) PooledConnection::commit),
        Arguments.of("setAutoCommit(false)", (Call) c -> c.setAutoCommit(false)),
        Arguments.of("createStatement()", (Call) PooledConnection::createStatement),
        Arguments.of("prepareStatement()", (Call) c -> c.prepareStatement("select 1")),
        Arguments.of("getMetaData()", (Call) PooledConnection::getMetaData),
        Arguments.of("clearWarnings()", (Call) PooledConnection::clearWarnings),
        Arguments.of("setSchema()", (Call) c -> c.setSchema("s")));
  }

  /** The driver is at fault, and may have sent it before. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("mistakes")
  void aMistakeOfTheDriversIsNoAnswer(String name, Call commit, String method, boolean sent)
      throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    FakeLeaseManager.physical(connection).effects = sent ? Effects.UNPROVEN : Effects.NONE;
    IllegalStateException mistake = new IllegalStateException("a mistake");
    driver.failNext(method, mistake);
    Throwable thrown = catchThrowable(() -> commit.on(connection));
    if (sent) {
      assertThat(thrown)
          .isInstanceOf(CommitOutcomeUnknownException.class)
          .hasMessageContaining("The driver has failed in a COMMIT, which may have been done")
          .hasCause(mistake);
    } else {
      assertThat(thrown).isSameAs(mistake);
    }
    counts(sent);
    connection.close();
    assertThat(leases.closed).as("not lent again").hasSize(1);
  }

  /** An Error passes as it is, and the log has its line. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("mistakes")
  void anErrorOfTheDriversIsNoAnswer(String name, Call commit, String method, boolean sent)
      throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    FakeLeaseManager.physical(connection).effects = sent ? Effects.UNPROVEN : Effects.NONE;
    OutOfMemoryError error = new OutOfMemoryError("in the driver");
    driver.failNext(method, error);
    assertThat(catchThrowable(() -> commit.on(connection))).isSameAs(error);
    counts(sent);
    connection.close();
    assertThat(leases.closed).as("not lent again").hasSize(1);
  }

  /** Where there is no memory, there may be none to tell of it either. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("mistakes")
  void anErrorPassesAlsoWhereTellingOfItFails(String name, Call commit, String method, boolean sent)
      throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    FakeLeaseManager.physical(connection).effects = sent ? Effects.UNPROVEN : Effects.NONE;
    OutOfMemoryError error = new OutOfMemoryError("in the driver");
    driver.failNext(method, error);
    leases.tellingFails = new OutOfMemoryError("of the event");
    assertThat(catchThrowable(() -> commit.on(connection))).isSameAs(error);
    assertThat(logged.messages(Level.WARN))
        .filteredOn(line -> line.contains("nobody knows whether a COMMIT was done"))
        .hasSize(sent ? 1 : 0);
  }

  static Stream<Arguments> mistakes() {
    Call commit = PooledConnection::commit;
    Call implied = c -> c.setAutoCommit(true);
    return Stream.of(
        Arguments.of("commit()", commit, "commit", true),
        Arguments.of("commit(), never sent", commit, "commit", false),
        Arguments.of("setAutoCommit(true)", implied, "setAutoCommit", true),
        Arguments.of("setAutoCommit(true), never sent", implied, "setAutoCommit", false));
  }

  /** By an interceptor, for a unit that goes on over another session. */
  @Test
  void whereItIsSetUpForAUnitItStaysToBeLetGo() throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.silence();
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    driver.breakNext("commit");
    assertThat(catchThrowable(connection::commit))
        .isInstanceOf(CommitOutcomeUnknownException.class);
    assertThat(connection.letGo()).isTrue();
  }

  /** One that loses its COMMIT as the lease ends keeps no other from being told of that. */
  @Test
  void anInterceptorsKeepsNoOtherFromItsEnd() throws SQLException {
    List<String> told = new ArrayList<>();
    LeaseInterceptor first =
        new LeaseInterceptor() {
          @Override
          public void returning(Connection connection) {
            told.add("first");
          }
        };
    LeaseInterceptor second =
        new LeaseInterceptor() {
          @Override
          public void returning(Connection connection) throws SQLException {
            told.add("second");
            connection.setAutoCommit(false);
            connection.createStatement().execute("insert");
            driver.breakNext("commit");
            connection.commit();
          }
        };
    leases.acquire(first, second).close();
    assertThat(told).containsExactly("second", "first");
    assertThat(leases.closed).hasSize(1);
  }
}
