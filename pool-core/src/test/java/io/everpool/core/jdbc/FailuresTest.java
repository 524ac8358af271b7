package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.CloseReason;
import io.everpool.api.Verdict;
import io.everpool.core.upkeep.PrimarySearch;
import java.sql.BatchUpdateException;
import java.sql.ClientInfoStatus;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every failure is judged, and thrown as it came; but see {@link LostWriteTest}. */
class FailuresTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);
  private final SQLException lost = new SQLException("gone", "08006");

  /** Of FILE, for one; and of a login, which is refused before there is a connection. */
  private final SQLException deniedByMySql =
      new SQLException("Access denied for user 'app'@'%' (using password: YES)", "28000", 1045);

  @Test
  void aFatalFailureDoomsTheConnectionAndIsThrownAsItIs() throws SQLException {
    PooledConnection connection = leases.acquire();
    Statement statement = connection.createStatement();
    driver.failNext("executeQuery", lost);
    assertThat(catchThrowable(() -> statement.executeQuery("select"))).isSameAs(lost);
    assertThat(leases.doomed).containsExactly(Verdict.CONNECTION_LOST);
    connection.close();
    assertThat(leases.closed).containsExactly(CloseReason.FAILED);
    assertThat(leases.released).hasValue(0);
  }

  /** Wherever it comes from: a result set, meta data, a setter. */
  @ParameterizedTest
  @ValueSource(strings = {"next", "getTableTypes", "setReadOnly", "setString", "commit", "close"})
  void everyFaceJudges(String method) throws SQLException {
    PooledConnection connection = leases.acquire();
    PreparedStatement statement = connection.prepareStatement("x");
    ResultSet rows = statement.executeQuery();
    driver.failNext(method, lost);
    Throwable thrown =
        catchThrowable(
            () -> {
              connection.getMetaData().getTableTypes();
              statement.setString(1, "");
              rows.next();
              connection.setReadOnly(true);
              connection.commit();
              rows.close();
            });
    assertThat(thrown).isSameAs(lost);
    assertThat(leases.doomed).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"42601", "57014", "0A000", "23505", "22P02"})
  void theCallersOwnMistakesDoomNothing(String state) throws SQLException {
    PooledConnection connection = leases.acquire();
    driver.failNext("executeQuery", new SQLException("yours", state));
    driver.failNext("executeUpdate", new SQLTimeoutException("slow", state));
    Statement statement = connection.createStatement();
    assertThatThrownBy(() -> statement.executeQuery("x")).hasMessage("yours");
    assertThatThrownBy(() -> statement.executeUpdate("x")).hasMessage("slow");
    statement.close();
    connection.close();
    assertThat(leases.doomed).isEmpty();
    assertThat(leases.released).hasValue(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aPrivilegeThatIsDeniedDoomsNothingUnlessTheSessionEndsWithThat(boolean ends)
      throws SQLException {
    FakeLeaseManager plain = FakeLeaseManager.plain(driver);
    PooledConnection connection = plain.acquire();
    Statement statement = connection.createStatement();
    if (ends) {
      driver.during("executeQuery", FakeLeaseManager.physical(connection)::breakOff);
    }
    driver.failNext("executeQuery", deniedByMySql);
    assertThat(catchThrowable(() -> statement.executeQuery("select"))).isSameAs(deniedByMySql);
    connection.close();
    assertThat(plain.doomed).isEqualTo(ends ? List.of(Verdict.ACCESS_DENIED) : List.of());
    assertThat(plain.released).hasValue(ends ? 0 : 1);
    assertThat(plain.classify(deniedByMySql)).as("of a login").isEqualTo(Verdict.ACCESS_DENIED);
  }

  /** Which has its reasons: a proxy may have told the driver that its transaction is over. */
  @Test
  void whatEndsTheSessionByAnAdaptersWordEndsItThoughItsDriverKeepsIt() throws SQLException {
    FakeLeaseManager seen = FakeLeaseManager.plain(driver);
    PooledConnection connection = seen.acquire();
    FakeLeaseManager.physical(connection).tracksTransactions = true;
    driver.failNext("executeQuery", deniedByMySql);
    Statement statement = connection.createStatement();
    assertThat(catchThrowable(() -> statement.executeQuery("select"))).isSameAs(deniedByMySql);
    connection.close();
    assertThat(seen.doomed).containsExactly(Verdict.ACCESS_DENIED);
    assertThat(seen.released).hasValue(0);
  }

  /** It was answered. */
  @Test
  void aCommitThatIsDeniedIsNotInDoubt() throws SQLException {
    PooledConnection connection = FakeLeaseManager.plain(driver).acquire();
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    driver.failNext("commit", deniedByMySql);
    assertThat(catchThrowable(connection::commit)).isSameAs(deniedByMySql);
  }

  /** The connection is closed, and says nothing of the server. */
  @Test
  void aCleanUpThatIsDeniedIsNoLoss() throws SQLException {
    FakeLeaseManager plain = FakeLeaseManager.plain(driver);
    PooledConnection connection = plain.acquire();
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    driver.failNext("rollback", deniedByMySql);
    connection.close();
    assertThat(plain.doomed).isEmpty();
    assertThat(plain.closed).containsExactly(CloseReason.RESET_FAILED);
  }

  /** It goes past the connection, and comes from another thread than the holder's. */
  @Test
  void aRequestToCancelThatFailsSaysNothingOfTheSession() throws SQLException {
    PooledConnection connection = leases.acquire();
    Session session = FakeLeaseManager.session(connection);
    Statement statement = connection.createStatement();
    int marks = session.marks;
    driver.failNext("cancel", lost);
    assertThat(catchThrowable(statement::cancel)).isSameAs(lost);
    assertThat(leases.doomed).isEmpty();
    assertThat(session.marks).isEqualTo(marks);
    Error error = new StackOverflowError();
    driver.failNext("cancel", error);
    assertThat(catchThrowable(statement::cancel)).isSameAs(error);
    assertThat(leases.doomed).as("nobody knows where the driver was").hasSize(1);
    assertThat(session.marks).isEqualTo(marks);
  }

  /** One may always close, in whatever state things are. */
  @Test
  void closingABrokenConnectionDoesNotThrow() throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    FakeLeaseManager.physical(connection).breakOff();
    connection.close();
    assertThat(leases.released).hasValue(0);
    assertThat(leases.closed).containsExactly(CloseReason.FAILED);
  }

  /**
   * A transaction that was asked to be read-only refuses writes, which says nothing of the server.
   */
  @Test
  void aRefusedWriteIsThePrograms() throws SQLException {
    PooledConnection connection = leases.acquire();
    SQLException refused = new SQLException("cannot execute INSERT", "25006");
    assertThat(refuse(connection, refused)).isSameAs(refused);
    assertThat(leases.doomed).isEmpty();
    assertThat(leases.writesRefused).hasValue(0);
  }

  private Throwable refuse(Connection connection, SQLException refused) throws SQLException {
    driver.failNext("execute", refused);
    Statement statement = connection.createStatement();
    return catchThrowable(() -> statement.execute("insert"));
  }

  /** The connection is good for reading; only where another is better it goes. */
  @ParameterizedTest
  @EnumSource(PrimarySearch.Refusal.class)
  void aWriteThatTheServerRefusesIsToldWithWhatToDo(PrimarySearch.Refusal refusal)
      throws SQLException {
    PooledConnection connection = leases.acquire();
    FakeLeaseManager.physical(connection).readOnlyServer = true;
    leases.refusal = refusal;
    SQLException refused = new SQLException("cannot execute INSERT", "25006", 7);
    assertThat(refuse(connection, refused))
        .isInstanceOfSatisfying(
            SQLTransientException.class,
            e -> {
              assertThat(e.getSQLState()).isEqualTo("25006");
              assertThat(e.getErrorCode()).isEqualTo(7);
            })
        .hasCause(refused)
        .hasMessageStartingWith("cannot execute INSERT. Fake at nowhere takes no writes")
        .hasMessageContaining("it has become a standby")
        .hasMessageEndingWith("promote one, or name the new primary's host in url");
    assertThat(leases.doomed).hasSize(refusal == PrimarySearch.Refusal.REPLACED ? 1 : 0);
    connection.createStatement().executeQuery("select");
  }

  /** Whoever sends a batch has to know which part of it was done. */
  @Test
  void aBatchThatTheServerRefusesTellsWhatWasDone() throws SQLException {
    PooledConnection connection = leases.acquire();
    FakeLeaseManager.physical(connection).readOnlyServer = true;
    leases.refusal = PrimarySearch.Refusal.KEPT;
    SQLException refused = new BatchUpdateException("cannot execute", "25006", new int[] {1, -3});
    assertThat(refuse(connection, refused))
        .isInstanceOfSatisfying(
            BatchUpdateException.class,
            e -> {
              assertThat(e.getUpdateCounts()).containsExactly(1, -3);
              assertThat(e.getSQLState()).isEqualTo("25006");
            })
        .hasCause(refused)
        .hasMessageContaining("takes no writes");
  }

  /** Frameworks try what newer versions of JDBC have, and go on without where it isn't there. */
  @ParameterizedTest
  @ValueSource(strings = {"getSchema", "setSchema", "isValid", "getNetworkTimeout", "createBlob"})
  void aMethodThatADriverLacksDoomsNothing(String method) throws SQLException {
    PooledConnection connection = leases.acquire();
    Error missing = new AbstractMethodError(); // here, as a call of what isn't there
    driver.failNext(method, missing);
    assertThat(
            catchThrowable(
                () -> {
                  connection.getSchema();
                  connection.setSchema("s");
                  connection.isValid(1);
                  connection.getNetworkTimeout();
                  connection.createBlob();
                }))
        .isSameAs(missing);
    connection.close();
    assertThat(leases.doomed).isEmpty();
    assertThat(leases.closed).isEmpty();
    assertThat(leases.released).hasValue(1);
  }

  /** As jTDS has them; what is thrown by hand there has no message. */
  @Test
  void aStubOfADriversDoomsNothing() throws SQLException {
    PooledConnection connection = leases.acquire();
    Error missing = new AbstractMethodError();
    missing.setStackTrace(thrownIn("net.sourceforge.jtds.jdbc.JtdsConnection"));
    driver.failNext("getSchema", missing);
    assertThat(catchThrowable(connection::getSchema)).isSameAs(missing);
    connection.close();
    assertThat(leases.doomed).isEmpty();
    assertThat(leases.closed).isEmpty();
    assertThat(leases.released).hasValue(1);
  }

  private static StackTraceElement[] thrownIn(String driver) {
    return new StackTraceElement[] {
      new StackTraceElement(driver, "getSchema", "", 1),
      new StackTraceElement(LeasedConnection.class.getName(), "getSchema", "", 1)
    };
  }

  /** In the middle of which nobody knows. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aMethodThatTheDriverItselfMissesBreaksIt(boolean atOnce) throws SQLException {
    PooledConnection connection = leases.acquire();
    Error missing = new AbstractMethodError("Protocol.send()V");
    missing.setStackTrace(
        atOnce
            ? thrownIn("org.driver.Connection")
            : new StackTraceElement[] {
              new StackTraceElement("org.driver.Protocol", "send", "", 1)
            });
    driver.failNext("getSchema", missing);
    assertThat(catchThrowable(connection::getSchema)).isSameAs(missing);
    connection.close();
    assertThat(leases.doomed).hasSize(1);
    assertThat(leases.released).hasValue(0);
  }

  @Test
  void clientInfoFailsInItsOwnWay() throws SQLException {
    PooledConnection connection = leases.acquire();
    SQLClientInfoException failure = new SQLClientInfoException("no", "08006", Map.of());
    driver.failNext("setClientInfo", failure);
    assertThat(catchThrowable(() -> connection.setClientInfo("a", "b"))).isSameAs(failure);
    assertThat(leases.doomed).hasSize(1);
  }

  private interface ClientInfoCall {
    void on(Connection connection) throws SQLException;
  }

  private static Properties two() {
    Properties defaults = new Properties();
    defaults.setProperty("ApplicationName", "till");
    Properties two = new Properties(defaults);
    two.setProperty("ClientUser", "smith");
    return two;
  }

  /** JDBC has the exception say which of the properties were not set. */
  static Stream<Arguments> clientInfo() {
    return Stream.of(
        Arguments.of(List.of("a"), (ClientInfoCall) c -> c.setClientInfo("a", "b")),
        Arguments.of(List.of("a"), (ClientInfoCall) c -> c.setClientInfo("a", null)),
        Arguments.of(
            List.of("ApplicationName", "ClientUser"), (ClientInfoCall) c -> c.setClientInfo(two())),
        Arguments.of(List.of(), (ClientInfoCall) c -> c.setClientInfo(new Properties())));
  }

  @ParameterizedTest
  @MethodSource("clientInfo")
  void clientInfoThatIsNotSetIsNamed(List<String> names, ClientInfoCall call) throws SQLException {
    PooledConnection closed = leases.acquire();
    closed.close();
    assertNamed(names, catchThrowable(() -> call.on(closed)), "08003");
    PooledConnection aborted = leases.acquire();
    aborted.abort(Runnable::run);
    assertNamed(names, catchThrowable(() -> call.on(aborted)), "08003");
    PooledConnection unread = leases.acquire();
    driver.failNext("getClientInfo", new SQLException("gone", "08006"));
    assertNamed(names, catchThrowable(() -> call.on(unread)), "08006");
  }

  private static void assertNamed(List<String> names, Throwable thrown, String state) {
    assertThat(thrown)
        .isInstanceOfSatisfying(
            SQLClientInfoException.class,
            e -> {
              assertThat(e.getSQLState()).isEqualTo(state);
              assertThat(e.getCause()).isInstanceOf(SQLException.class);
              assertThat(e.getFailedProperties()).containsOnlyKeys(names);
              assertThat(e.getFailedProperties().values())
                  .allMatch(ClientInfoStatus.REASON_UNKNOWN::equals);
            });
  }

  /** Frameworks ask before they restore or roll back, and a failure of that hides a result. */
  @Test
  void aLostConnectionIsClosedIfTheDriverSaysSo() throws SQLException {
    PooledConnection connection = leases.acquire();
    assertThat(connection.isClosed()).isFalse();
    FakeLeaseManager.session(connection).jdbc.close();
    assertThat(connection.isClosed()).isTrue();
    assertThat(connection.isGivenBack()).isFalse();
    connection.close();
    assertThat(connection.isGivenBack()).isTrue();
    assertThat(leases.closed).hasSize(1);
  }

  /** Much hand-written JDBC closes only what doesn't say that it is closed. */
  @Test
  void whoeverIsToldThatItIsClosedNeedNotCloseIt() throws SQLException {
    PooledConnection connection = leases.acquire();
    driver.failNext("executeQuery", lost);
    Statement statement = connection.createStatement();
    assertThat(catchThrowable(() -> statement.executeQuery("select"))).isSameAs(lost);
    FakeLeaseManager.session(connection).jdbc.close();
    assertThat(leases.closed).isEmpty();
    for (int i = 0; i < 2; i++) {
      assertThat(connection.isClosed()).isTrue();
      assertThat(leases.closed).as("its place is free").containsExactly(CloseReason.FAILED);
    }
    assertThatThrownBy(connection::rollback).hasCause(lost);
    connection.close();
    assertThat(leases.closed).hasSize(1);
    assertThat(leases.released).hasValue(0);
  }

  /** Spring throws what the rollback says, and drops what the work has thrown. */
  @Test
  void whatALostConnectionSaysAfterwardsHasTheLossAsItsCause() throws SQLException {
    PooledConnection connection = leases.acquire();
    driver.failNext("executeQuery", lost);
    Statement statement = connection.createStatement();
    assertThat(catchThrowable(() -> statement.executeQuery("select"))).isSameAs(lost);
    FakeLeaseManager.session(connection).jdbc.close();

    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(connection::rollback)
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08003"))
          .hasCause(lost);
    }
  }

  /** A driver may have made it with a cause, or with none for ever; and causes may not circle. */
  @Test
  void whatHasACauseKeepsIt() throws SQLException {
    PooledConnection connection = leases.acquire();
    driver.failNext("executeQuery", lost);
    Statement statement = connection.createStatement();
    assertThat(catchThrowable(() -> statement.executeQuery("select"))).isSameAs(lost);

    SQLException caused = new SQLException("closed", "08003", new IllegalStateException());
    driver.failNext("rollback", caused);
    assertThat(catchThrowable(connection::rollback)).isSameAs(caused);
    assertThat((Throwable) caused).hasCauseInstanceOf(IllegalStateException.class);

    SQLException causeless = new SQLException("closed", "08003", (Throwable) null);
    driver.failNext("rollback", causeless);
    assertThat(catchThrowable(connection::rollback)).isSameAs(causeless);
    assertThat((Throwable) causeless).hasNoCause().hasSuppressedException(lost);

    SQLException inner = new SQLException("closed", "08003");
    lost.initCause(inner);
    driver.failNext("rollback", inner);
    assertThat(catchThrowable(connection::rollback)).isSameAs(inner);
    assertThat((Throwable) inner).hasNoCause();
  }

  /** The face is closed, and its session somebody else's: none of his business. */
  @Test
  void aFailureAfterCloseDoomsNobody() throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.close();
    leases.acquire();
    connection.failed(lost);
    assertThat(leases.doomed).isEmpty();
  }
}
