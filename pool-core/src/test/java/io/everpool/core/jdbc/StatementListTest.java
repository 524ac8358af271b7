package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The list of what a connection has to close. */
class StatementListTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);

  /** In which order a program closes what it has opened. */
  enum Order {
    LAST_FIRST,
    FIRST_FIRST,
    RANDOM
  }

  /**
   * A lease may last for days and prepare millions. However they are closed, the list is never much
   * longer than what was open at once.
   */
  @ParameterizedTest
  @EnumSource
  void closedStatementsDoNotPileUp(Order order) throws SQLException {
    PooledConnection connection = leases.acquire();
    Random random = new Random(1);
    int longest = 0;
    for (int round = 0; round < 100; round++) {
      List<Statement> open = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        open.add(connection.createStatement());
      }
      switch (order) {
        case LAST_FIRST -> Collections.reverse(open);
        case RANDOM -> Collections.shuffle(open, random);
        case FIRST_FIRST -> {}
      }
      for (Statement statement : open) {
        statement.close();
      }
      longest = Math.max(longest, connection.listed());
    }
    assertThat(longest).isLessThanOrEqualTo(order == Order.LAST_FIRST ? 0 : 100);
    assertThat(connection.openStatements()).isEmpty();
    driver.calls.clear();
    connection.close();
    assertThat(driver.calls.size()).isLessThan(150);
  }

  /** The pool asks for its own sake whether a statement is closed; nobody else has. */
  @ParameterizedTest
  @MethodSource("lacking")
  void aDriverThatCannotSayWhatIsClosedKeepsNothingFromBeingClosed(Throwable lacking)
      throws SQLException {
    PooledConnection connection = leases.acquire();
    List<ForwardingStatement> open = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      open.add((ForwardingStatement) connection.createStatement());
    }
    for (int i = 0; i < 1_000; i++) {
      driver.failNext("isClosed", lacking);
    }
    for (Statement statement : open) {
      statement.close();
    }
    assertThat(driver.calls).filteredOn("close()"::equals).hasSize(50);
    assertThat(connection.openStatements()).isNotNull();
  }

  static Stream<Throwable> lacking() {
    return Stream.of(
        new AbstractMethodError("isClosed()Z"),
        new SQLFeatureNotSupportedException("isClosed", "0A000"),
        new UnsupportedOperationException("isClosed"));
  }

  /** Nor does one without closeOnCompletion: no result set asks whether its statement is closed. */
  @Test
  void aDriverWithoutCloseOnCompletionIsNotAskedForWhatFollows() throws SQLException {
    PooledConnection connection = leases.acquire();
    Statement statement = connection.createStatement();
    driver.failNext("closeOnCompletion", new AbstractMethodError("closeOnCompletion()V"));
    assertThatThrownBy(statement::closeOnCompletion).isInstanceOf(AbstractMethodError.class);
    driver.failNext("isClosed", new AbstractMethodError("isClosed()Z"));
    statement.executeQuery("select 1").close();
    assertThat(driver.calls).doesNotContain("isClosed()");
  }

  /** Whatever was taken out of the list, what is still open is in it. */
  @Test
  void whatIsOpenIsClosedAtTheEndHoweverTheOthersWere() throws SQLException {
    Random random = new Random(2);
    for (int round = 0; round < 200; round++) {
      PooledConnection connection = leases.acquire();
      List<ForwardingStatement> all = new ArrayList<>();
      int size = random.nextInt(80);
      for (int i = 0; i < size; i++) {
        all.add((ForwardingStatement) connection.createStatement());
        if (random.nextInt(3) == 0) {
          all.get(random.nextInt(all.size())).close();
        }
      }
      connection.close();
      for (ForwardingStatement statement : all) {
        assertThat(statement.bare().isClosed()).isTrue();
      }
    }
    assertThat(leases.released).hasValue(200);
  }

  @Test
  void closingTwiceTakesNobodyElseOut() throws SQLException {
    PooledConnection connection = leases.acquire();
    Statement first = connection.createStatement();
    ForwardingStatement second = (ForwardingStatement) connection.createStatement();
    first.close();
    first.close();
    first.close();
    assertThat(connection.openStatements()).hasSize(1);
    connection.close();
    assertThat(second.bare().isClosed()).isTrue();
  }
}
