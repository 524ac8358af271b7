package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.api.driver.Effects;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.FakeDriver;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Units within units, as frameworks nest them. */
class NestedUnitsTest extends RunnerFixture {
  private final List<String> seen = new ArrayList<>();

  /** A transaction as a framework makes one, as a unit of its own on the connection given. */
  private void transaction(Connection connection, String name) throws SQLException {
    runner.rerun(
        connection,
        WorkOptions.DEFAULT.withLabel(name),
        c -> {
          seen.add(name);
          c.setAutoCommit(false);
          try {
            execute(c, "insert " + name);
            c.commit();
          } finally {
            if (!c.isClosed()) {
              c.setAutoCommit(true);
            }
          }
          return "";
        });
  }

  /** An outer unit has sent nothing but the inner: it is run again whole. */
  @Test
  void theOutermostUnitThatCanBeIsRunAgain() throws SQLException {
    driver.breakNext("execute");
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(
          face,
          WorkOptions.DEFAULT,
          c -> {
            seen.add("outer");
            transaction(c, "inner");
            return "";
          });
    }
    assertThat(seen).containsExactly("outer", "inner", "outer", "inner");
    assertThat(driver.database.rows).containsExactly("inner");
  }

  /** Transactions one after the other on one connection: the first is there and stays. */
  @Test
  void whereTheOuterHasCommittedTheInnerIsRunAgainAlone() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(
          face,
          WorkOptions.DEFAULT,
          c -> {
            seen.add("outer");
            transaction(c, "one");
            driver.breakNext("execute");
            transaction(c, "two");
            return "";
          });
    }
    assertThat(seen).containsExactly("outer", "one", "two", "two");
    assertThat(driver.database.rows).containsExactly("one", "two");
    assertThat(leases.released).hasValue(1);
  }

  @Test
  void whereTheOuterHasWrittenTheInnerIsRunAgainAlone() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(
          face,
          WorkOptions.DEFAULT,
          c -> {
            execute(c, "insert before");
            driver.breakNext("execute");
            transaction(c, "inner");
            execute(c, "insert after");
            return "";
          });
    }
    assertThat(driver.database.rows).containsExactly("before", "inner", "after");
  }

  /** What the old session proves is nothing to the new one, on which the outer goes on. */
  @Test
  void whatTheOuterWritesAfterAnInnersRenewalIsUnknownIfItHasNoAnswer() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.DEFAULT,
                      c -> {
                        execute(c, "insert before");
                        FakeLeaseManager.physical(face).seeCommit(Effects.COMMITTED);
                        driver.breakNext("execute");
                        runner.rerun(
                            c,
                            WorkOptions.READ_ONLY,
                            inner -> {
                              seen.add("inner");
                              execute(inner, "select 1");
                              return "";
                            });
                        driver.breakNext("execute");
                        execute(c, "insert after");
                        return "";
                      }))
          .isInstanceOf(WriteOutcomeUnknownException.class);
    }
    assertThat(seen).containsExactly("inner", "inner");
  }

  /** The rows that the outer is reading are of the old session. */
  @Test
  void notWhereTheOuterHoldsAStatement() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.DEFAULT,
                      c -> {
                        try (Statement reading = c.createStatement()) {
                          reading.executeQuery("select 1");
                          driver.breakNext("execute");
                          transaction(c, "inner");
                        }
                        return "";
                      }))
          .hasMessageContaining("broken off");
    }
    assertThat(seen).containsExactly("inner");
    assertThat(events(PoolEvent.RetryRefused.class)).hasSize(1);
  }

  @Test
  void aPartOfATransactionIsNotRunAgainAlone() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.DEFAULT,
                      c -> {
                        execute(c, "insert autocommitted");
                        c.setAutoCommit(false);
                        execute(c, "insert in the transaction");
                        driver.breakNext("execute");
                        return runner.rerun(
                            c,
                            WorkOptions.IDEMPOTENT,
                            inner -> {
                              seen.add("inner");
                              execute(inner, "insert more");
                              return "";
                            });
                      }))
          .hasMessageContaining("broken off")
          .isNotInstanceOf(WriteOutcomeUnknownException.class);
    }
    assertThat(seen).containsExactly("inner");
    assertThat(driver.database.rows).containsExactly("autocommitted");
  }

  /** After an inner unit has recovered, the outer has nothing to recover from. */
  @Test
  void theOuterForgetsWhatTheInnerGotOver() throws SQLException {
    IllegalStateException own = new IllegalStateException("the outer's own affair");
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.DEFAULT,
                      c -> {
                        seen.add("outer");
                        transaction(c, "one");
                        driver.breakNext("execute");
                        transaction(c, "two");
                        throw own;
                      }))
          .isSameAs(own);
    }
    assertThat(seen).containsExactly("outer", "one", "two", "two");
    assertThat(events(PoolEvent.RetryRefused.class)).isEmpty();
  }

  @Test
  void aReadOnlyUnitWithinAnotherReadsOnly() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(
          face,
          WorkOptions.DEFAULT,
          c -> {
            seen.add("outer");
            runner.rerun(
                c,
                WorkOptions.READ_ONLY,
                inner -> {
                  execute(inner, "select 1");
                  return "";
                });
            if (seen.size() == 1) {
              driver.breakNext("createStatement");
            }
            execute(c, "insert a");
            return "";
          });
    }
    assertThat(seen).as("so far the outer had only read").containsExactly("outer", "outer");
  }

  @Test
  void somebodyElsesConnectionJustRunsOnce() {
    Connection foreign = new FakeDriver().open().jdbc();
    assertThatThrownBy(
            () ->
                runner.rerun(
                    foreign,
                    WorkOptions.READ_ONLY,
                    c -> {
                      seen.add("ran");
                      assertThat(c).isSameAs(foreign);
                      throw lost();
                    }))
        .hasMessage("gone");
    assertThat(seen).hasSize(1);
  }

  @Test
  void anotherPoolsConnectionJustRunsOnce() throws SQLException {
    FakeLeaseManager other = FakeLeaseManager.over(driver);
    driver.breakNext("execute");
    try (PooledConnection face = other.acquire()) {
      assertThatThrownBy(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.READ_ONLY,
                      c -> {
                        seen.add("ran");
                        execute(c, "select 1");
                        return "";
                      }))
          .hasMessageContaining("broken off");
    }
    assertThat(seen).hasSize(1);
  }

  /** A unit on {@code face}, which loses that once a unit within it is over; how often it ran. */
  private int runsAround(WorkOptions options, Work<?, SQLException> within) throws SQLException {
    seen.clear();
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(
          face,
          options,
          c -> {
            seen.add("outer");
            c.setAutoCommit(false);
            try (PooledConnection own = leases.acquire()) {
              within.run(own);
            }
            if (seen.size() == 1) {
              driver.breakNext("execute");
            }
            return ask(c);
          });
    } catch (SQLException e) {
      assertThat((Throwable) e)
          .hasStackTraceContaining("a unit within it has committed on another connection");
    }
    return seen.size();
  }

  /** A unit that commits. */
  private Object write(Connection own) throws SQLException {
    return runner.rerun(own, WorkOptions.DEFAULT, c -> insert(c, "audit"));
  }

  private Object writeAside() throws SQLException {
    try (PooledConnection own = leases.acquire()) {
      return write(own);
    }
  }

  /** A layer below takes a connection of its own: what it commits is there once. */
  @Test
  void whatAUnitWithinHasCommittedOnAnotherConnectionIsNotDoneTwice() throws SQLException {
    assertThat(runsAround(WorkOptions.DEFAULT, this::write)).isEqualTo(1);
    assertThat(runsAround(WorkOptions.READ_ONLY, this::write)).as("of itself").isEqualTo(1);
    assertThat(driver.database.rows).containsExactly("audit", "audit");
    assertThat(runsAround(WorkOptions.IDEMPOTENT, this::write)).isEqualTo(2);
  }

  private Object insert(Connection connection, String row) throws SQLException {
    execute(connection, "insert " + row);
    return "";
  }

  private Object ask(Connection connection) throws SQLException {
    execute(connection, "select 1");
    return "";
  }

  /** Nothing was sent of it yet; what is set now would go for all that follows. */
  @Test
  void aPartLeavesTheTransactionAroundItItsMode() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(
          face,
          WorkOptions.DEFAULT,
          c -> {
            c.setAutoCommit(false);
            runner.rerun(c, WorkOptions.READ_ONLY, own -> ask(own));
            assertThat(c.isReadOnly()).isFalse();
            execute(c, "insert after");
            c.commit();
            return "";
          });
    }
    assertThat(driver.database.rows).containsExactly("after");
  }

  /** What has left nothing, or may be done twice, is in nobody's way. */
  @Test
  void aUnitWithinThatMayBeRepeatedIs() throws SQLException {
    Work<?, SQLException> repeatable =
        own -> runner.rerun(own, WorkOptions.IDEMPOTENT, c -> insert(c, "audit"));
    assertThat(runsAround(WorkOptions.DEFAULT, repeatable)).isEqualTo(2);
    Work<?, SQLException> reading = own -> runner.rerun(own, WorkOptions.READ_ONLY, c -> ask(c));
    assertThat(runsAround(WorkOptions.DEFAULT, reading)).isEqualTo(2);
    Work<?, SQLException> undone =
        own ->
            runner.rerun(
                own,
                WorkOptions.DEFAULT,
                c -> {
                  c.setAutoCommit(false);
                  execute(c, "insert audit");
                  c.rollback();
                  return "";
                });
    assertThat(runsAround(WorkOptions.DEFAULT, undone)).isEqualTo(2);
  }

  @Test
  void soItIsWhereTheConnectionIsAnotherPools() throws SQLException {
    FakeLeaseManager others = FakeLeaseManager.over(new FakeDriver());
    UnitRunner runnerOfOthers = runner(others);
    Work<?, SQLException> writing =
        own -> {
          try (PooledConnection theirs = others.acquire()) {
            return runnerOfOthers.rerun(theirs, WorkOptions.DEFAULT, c -> insert(c, "audit"));
          }
        };
    assertThat(runsAround(WorkOptions.DEFAULT, writing)).isEqualTo(1);
  }

  /** All of what is around it would do that again: on its way, and on the same connection. */
  @Test
  void soItIsForUnitsFurtherOut() throws SQLException {
    Work<?, SQLException> deeper =
        own ->
            runner.rerun(
                own,
                WorkOptions.DEFAULT,
                c -> {
                  c.setAutoCommit(false);
                  writeAside();
                  c.rollback();
                  c.setAutoCommit(true);
                  return "";
                });
    assertThat(runsAround(WorkOptions.DEFAULT, deeper)).isEqualTo(1);
    seen.clear();
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.DEFAULT,
                      outer -> {
                        seen.add("outer");
                        outer.setAutoCommit(false);
                        runner.rerun(outer, WorkOptions.DEFAULT, c -> writeAside());
                        driver.breakNext("execute");
                        return ask(outer);
                      }))
          .hasStackTraceContaining("a unit within it has committed on another connection");
    }
    assertThat(seen).containsExactly("outer");
  }

  /** As where a framework's transaction goes on after it. */
  @Test
  void soItIsWhereTheCommitComesAfterTheUnitWithin() throws SQLException {
    Work<?, SQLException> left =
        own -> {
          own.setAutoCommit(false);
          write(own);
          own.commit();
          return "";
        };
    assertThat(runsAround(WorkOptions.DEFAULT, left)).isEqualTo(1);
    assertThat(driver.database.rows).containsExactly("audit");
  }

  /** The driver, of which little is known, fails to say whether a transaction is open. */
  @Test
  void soItIsWhereNobodyKnowsWhetherACommitMayCome() throws SQLException {
    Work<?, SQLException> silent =
        own -> {
          FakeLeaseManager.physical((PooledConnection) own).tracksTransactions = false;
          return runner.rerun(
              own,
              WorkOptions.DEFAULT,
              c -> {
                c.setAutoCommit(false);
                ask(c);
                driver.failNext("getAutoCommit", new SQLException("can't say", "HY000"));
                return "";
              });
        };
    assertThat(runsAround(WorkOptions.DEFAULT, silent)).isEqualTo(1);
  }

  /** What another does by then on that session is no concern of this one. */
  @Test
  void soItIsWhereTheWorkHasClosedItsConnection() throws SQLException {
    Work<?, SQLException> closing =
        own ->
            runner.rerun(
                own,
                WorkOptions.DEFAULT,
                c -> {
                  ask(c);
                  c.close();
                  return "";
                });
    assertThat(runsAround(WorkOptions.DEFAULT, closing)).isEqualTo(1);
  }

  /**
   * Of a driver that fails to say whether a transaction is open nobody knows, and all else ends.
   */
  @Test
  void soItIsWhereTheDriverThrowsAtTheEndOfTheUnitWithin() throws SQLException {
    Work<?, SQLException> unsure =
        own ->
            runner.rerun(
                own,
                WorkOptions.DEFAULT.withDeadline(Duration.ofMinutes(1)),
                c -> {
                  c.setAutoCommit(false);
                  ask(c);
                  c.rollback();
                  FakeLeaseManager.physical((PooledConnection) c).tracksTransactions = false;
                  driver.failNext("getAutoCommit", new IllegalStateException("mine"));
                  return "";
                });
    assertThat(runsAround(WorkOptions.DEFAULT, unsure)).isEqualTo(1);
    assertThat(leases.watched).as("deadlines that are watched over").isEmpty();
  }

  /** What was heard is of one run, and of what was around it. */
  @Test
  void aLaterUnitOfTheThreadKnowsNothingOfIt() throws SQLException {
    assertThat(runsAround(WorkOptions.DEFAULT, this::write)).isEqualTo(1);
    assertThat(runsAround(WorkOptions.DEFAULT, own -> "")).isEqualTo(2);
  }

  @Test
  void whatTheWorkReturnsComesOutWhoseverConnectionItIs() throws SQLException {
    Connection foreign = new FakeDriver().open().jdbc();
    String unknown = runner.rerun(foreign, WorkOptions.DEFAULT, c -> "foreign");
    assertThat(unknown).isEqualTo("foreign");
    try (PooledConnection face = leases.acquire()) {
      String own = runner.rerun(face, WorkOptions.DEFAULT, c -> "own");
      assertThat(own).isEqualTo("own");
      String setUp = runner.rerun(face, UnitRerunner.SET_UP, c -> "set up");
      assertThat(setUp).isEqualTo("set up");
    }
  }

  /** It does on the next session again what it did by the driver's own object on this one. */
  @Test
  void whatAFrameworkTookToSetItselfUpIsMissedByNoLaterUnit() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(face, UnitRerunner.SET_UP, c -> c.unwrap(FakeDriver.Vendor.class));
      driver.breakNext("execute");
      transaction(face, "one");
    }
    assertThat(seen).containsExactly("one", "one");
  }

  /** Jdbi does so in a unit that its connection was moved for: what was promised holds. */
  @Test
  void aSetUpWithinAUnitLiftsNoPromise() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(
          face,
          WorkOptions.READ_ONLY,
          c -> {
            seen.add("ran");
            runner.rerun(c, UnitRerunner.SET_UP, own -> own.unwrap(FakeDriver.Vendor.class));
            if (seen.size() == 1) {
              driver.breakNext("execute");
            }
            execute(c, "select 1");
            return "";
          });
    }
    assertThat(seen).containsExactly("ran", "ran");
  }

  @Test
  void whatTheProgramTakesAfterASetUpIsItsOwn() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      runner.rerun(face, UnitRerunner.SET_UP, c -> "");
      face.unwrap(FakeDriver.Vendor.class);
      driver.breakNext("execute");
      assertThatThrownBy(() -> transaction(face, "one")).hasStackTraceContaining("broken off");
    }
    assertThat(seen).containsExactly("one");
  }

  @Test
  void aConnectionIsThisPoolsForAsLongAsItIsOpen() throws SQLException {
    PooledConnection face = leases.acquire();
    assertThat(runner.owns(face)).isTrue();
    face.close();
    assertThat(runner.owns(face)).isFalse();
    assertThat(runner.owns(new FakeDriver().open().jdbc())).isFalse();
  }

  /** A framework's wrapper is what the work goes on to see. */
  @Test
  void aWrappedConnectionIsRecognised() throws SQLException {
    driver.breakNext("execute");
    try (PooledConnection face = leases.acquire()) {
      Connection wrapper =
          (Connection)
              Proxy.newProxyInstance(
                  getClass().getClassLoader(),
                  new Class<?>[] {Connection.class},
                  (self, method, args) -> {
                    if (method.getName().equals("isWrapperFor")) {
                      return true;
                    }
                    if (method.getName().equals("unwrap")) {
                      return face;
                    }
                    return method.invoke(face, args);
                  });
      runner.rerun(
          wrapper,
          WorkOptions.READ_ONLY,
          c -> {
            seen.add("ran");
            assertThat(c).isSameAs(wrapper);
            try (Statement statement = c.createStatement()) {
              statement.execute("select 1");
            }
            return "";
          });
    }
    assertThat(seen).hasSize(2);
  }
}
