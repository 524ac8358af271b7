package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLNonTransientException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What drivers say of a lost connection or a refused login, and of a statement as well. */
class AmbiguousFailuresTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager plain = FakeLeaseManager.plain(driver);

  private static SQLException lost() {
    return new SQLNonTransientConnectionException("gone", "08S01");
  }

  private static <E extends SQLException> E followedBy(E first, SQLException next) {
    first.setNextException(next);
    return first;
  }

  static Stream<Arguments> ofAStatement() {
    return Stream.of(
        Arguments.of(
            "Oracle's closed statement",
            new SQLRecoverableException("Closed Statement", "08003", 17009)),
        Arguments.of(
            "a USE that is mistyped, of jTDS", new SQLException("no database 'x'", "08004", 911)),
        Arguments.of("another server", new SQLException("can't connect to it", "08001")),
        Arguments.of(
            "H2's SET MODE Foo",
            new SQLNonTransientConnectionException("Unknown mode", "90088", 90088)),
        Arguments.of(
            "H2's linked table",
            new SQLNonTransientException("error accessing a linked table", "90111", lost())),
        Arguments.of(
            "a batch with H2's linked table",
            followedBy(
                new BatchUpdateException("a batch", "90111", new int[0], lost()),
                new SQLNonTransientException("error accessing a linked table", "90111"))),
        Arguments.of(
            "the listener behind Oracle's database link",
            new SQLException("ORA-12541: no listener", "66000", 12541)),
        Arguments.of("MySQL's USE of no database", new SQLException("unknown", "42000", 1049)),
        Arguments.of("another database in H2", new SQLException("not found", "90013", 90013)),
        Arguments.of("a privilege", new SQLException("Access denied", "28000", 1045)),
        Arguments.of(
            "so many statements an hour", new SQLException("max_questions", "42000", 1226)));
  }

  /** Where the connection isn't closed, it is good. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("ofAStatement")
  void itIsNoLossWhereTheConnectionIsOpen(String name, SQLException words) throws SQLException {
    PooledConnection connection = plain.acquire();
    Statement statement = connection.createStatement();
    driver.failNext("execute", words);
    assertThatThrownBy(() -> statement.execute("x")).isSameAs(words);
    assertThat(plain.doomed).isEmpty();
    connection.close();
    assertThat(plain.released).hasValue(1);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ofAStatement")
  void itIsOneWhereTheDriverHasClosedIt(String name, SQLException words) throws SQLException {
    PooledConnection connection = plain.acquire();
    Statement statement = connection.createStatement();
    driver.failNext("execute", words);
    driver.during("execute", FakeLeaseManager.physical(connection)::breakOff);
    assertThatThrownBy(() -> statement.execute("select")).isSameAs(words);
    assertThat(plain.doomed).hasSize(1);
  }

  /** It may be lost all the same, of which the driver knows only when it asks. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("ofAStatement")
  void whetherItLivesIsAskedWhenItComesBack(String name, SQLException words) throws SQLException {
    for (boolean lives : new boolean[] {true, false}) {
      PooledConnection connection = plain.acquire();
      FakePhysical physical = FakeLeaseManager.physical(connection);
      physical.valid = lives;
      int asked = physical.validations;
      driver.failNext("execute", words);
      Statement statement = connection.createStatement();
      assertThatThrownBy(() -> statement.execute("x")).isInstanceOf(SQLException.class);
      connection.close();
      assertThat(physical.validations).isEqualTo(asked + 1);
      assertThat(plain.closed).hasSize(lives ? 0 : 1);
    }
  }

  static Stream<Arguments> ofAConnection() {
    BatchUpdateException batch = new BatchUpdateException("a batch", "XJ208", new int[0]);
    return Stream.of(
        Arguments.of("a loss", lost()),
        Arguments.of("a loss without a state", new SQLTransientConnectionException("gone")),
        Arguments.of("a loss with a cause", new SQLException("gone", "08006", lost())),
        Arguments.of("Oracle's", new SQLRecoverableException("gone", "72000", 1092, lost())),
        Arguments.of("a wrapper's cause", new SQLException(lost())),
        Arguments.of("the next of a batch", followedBy(batch, lost())),
        Arguments.of("what nobody knows the outcome of", new SQLException("x", "40003")),
        Arguments.of("Oracle's of one killed", new SQLException("killed", "61000", 28)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ofAConnection")
  void whatIsSaidOfConnectionsAloneIsALoss(String name, SQLException words) throws SQLException {
    PooledConnection connection = plain.acquire();
    Statement statement = connection.createStatement();
    driver.failNext("execute", words);
    assertThatThrownBy(() -> statement.execute("x")).isInstanceOf(SQLException.class);
    assertThat(plain.doomed).hasSize(1);
  }

  /** An adapter may know that the session must end. */
  @Test
  void whoSeesItsStateIsBelieved() throws SQLException {
    PooledConnection connection = plain.acquire();
    FakeLeaseManager.physical(connection).tracksTransactions = true;
    Statement statement = connection.createStatement();
    driver.failNext("execute", new SQLException("no such database", "08004", 911));
    assertThatThrownBy(() -> statement.execute("x")).isInstanceOf(SQLException.class);
    assertThat(plain.doomed).hasSize(1);
  }
}
