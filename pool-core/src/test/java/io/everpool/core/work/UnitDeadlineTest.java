package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Work;
import io.everpool.api.WorkDeadlineException;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Pause;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import io.everpool.core.upkeep.UnitDeadlines;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Units that must have ended by a time of their own; here time passes when the work says so. */
class UnitDeadlineTest extends RunnerFixture {
  private static final long SECOND = 1_000_000_000L;
  private static final WorkOptions LIMITED =
      WorkOptions.DEFAULT.withLabel("the report").withDeadline(Duration.ofSeconds(2));

  private <T, X extends Exception> T run(WorkOptions options, Work<T, X> work)
      throws X, SQLException {
    long deadline = runner.deadline(options);
    try (PooledConnection face = leases.acquire()) {
      return runner.run(face, options, deadline, UnitWatch.NONE, work);
    }
  }

  private <T, X extends Exception> T inTransaction(WorkOptions options, Work<T, X> work)
      throws X, SQLException {
    long deadline = runner.deadline(options);
    try (PooledConnection face = leases.acquire()) {
      return runner.inTransaction(face, options, deadline, UnitWatch.NONE, work);
    }
  }

  /** So long takes what the work does now, and upkeep comes by at the end of it. */
  private void take(long nanos) {
    now += nanos;
    leases.pass(now);
  }

  private static SQLException cancelled() {
    return new SQLException("canceling statement due to user request", "57014");
  }

  @Test
  void workThatEndsInTimeIsLeftAlone() throws SQLException {
    String result =
        run(
            LIMITED,
            connection -> {
              take(2 * SECOND - 1);
              return "done";
            });
    assertThat(result).isEqualTo("done");
    assertThat(leases.watched).as("nobody watches over what has ended").isEmpty();
    assertThat(leases.cancelled).isEmpty();
    assertThat(leases.released).hasValue(1);
  }

  @Test
  void workWithoutADeadlineIsNotWatched() throws SQLException {
    run(
        WorkOptions.DEFAULT,
        connection -> {
          assertThat(leases.watched).isEmpty();
          return true;
        });
  }

  @Test
  void whatRunsOverItIsCancelledAndSaysSo() {
    SQLException answer = cancelled();
    assertThatThrownBy(
            () ->
                run(
                    LIMITED,
                    connection -> {
                      take(2 * SECOND);
                      throw answer;
                    }))
        .isInstanceOf(WorkDeadlineException.class)
        .hasMessage("the report ran over its deadline of 2000 ms and was cancelled")
        .hasCause(answer)
        .hasFieldOrPropertyWithValue("SQLState", "57014");
    assertThat(leases.cancelled).containsExactly(1L);
    assertThat(leases.closed).as("it is never lent again").hasSize(1);
    assertThat(leases.watched).isEmpty();
    assertThat(logged.messages(Level.WARN))
        .contains(
            "Pool everpool: the report has run over its deadline of 2000 ms and is cancelled");
  }

  private void runOver(String label) {
    assertThatThrownBy(
            () ->
                run(
                    LIMITED.withLabel(label).withDeadline(Duration.ofMillis(1)),
                    connection -> {
                      take(1_000_000);
                      throw cancelled();
                    }))
        .isInstanceOf(WorkDeadlineException.class);
  }

  /** They may run over it all, and upkeep's thread has to tell. */
  @Test
  void thoseOfOneLabelAreToldNowAndThen() {
    String words = "has run over its deadline";
    for (int i = 0; i < 100; i++) {
      runOver("the report");
    }
    runOver("another");
    assertThat(logged.messages(Level.WARN))
        .filteredOn(line -> line.contains(words))
        .containsExactly(
            "Pool everpool: the report has run over its deadline of 1 ms and is cancelled",
            "Pool everpool: another has run over its deadline of 1 ms and is cancelled");
    assertThat(logged.messages(Level.DEBUG)).filteredOn(it -> it.contains(words)).hasSize(99);
    now += 10 * SECOND;
    runOver("the report");
    assertThat(logged.messages(Level.WARN))
        .filteredOn(line -> line.contains(words))
        .last()
        .asString()
        .endsWith("(and 99 more since the last such line)");
  }

  @Test
  void theTimeBeforeItsConnectionCameCounts() {
    assertThatThrownBy(
            () -> {
              long deadline = runner.deadline(LIMITED);
              now += SECOND;
              try (PooledConnection face = leases.acquire()) {
                runner.run(
                    face,
                    LIMITED,
                    deadline,
                    UnitWatch.NONE,
                    connection -> {
                      take(SECOND);
                      throw cancelled();
                    });
              }
            })
        .isInstanceOf(WorkDeadlineException.class);
  }

  /** Where the server doesn't answer the request either. */
  @Test
  void whatDoesNotHearTheCancelIsCut() {
    assertThatThrownBy(
            () ->
                run(
                    LIMITED.withReadOnly(true),
                    connection -> {
                      take(2 * SECOND);
                      take(UnitDeadlines.GRACE - 1);
                      assertThat(leases.closed).isEmpty();
                      take(1);
                      assertThat(leases.closed).as("cut").hasSize(1);
                      execute(connection, "select 1");
                      return true;
                    }))
        .isInstanceOf(WorkDeadlineException.class)
        .hasRootCauseInstanceOf(SQLException.class);
    assertThat(runs).isZero();
  }

  @Test
  void anOrdinaryFailureBeforeItStaysWhatItIs() {
    SQLException mistake = new SQLException("no such table", "42P01");
    assertThatThrownBy(
            () ->
                run(
                    LIMITED,
                    connection -> {
                      take(SECOND);
                      throw mistake;
                    }))
        .isSameAs(mistake);
  }

  @Test
  void aWriteThatGotNoAnswerStaysUnknown() {
    assertThatThrownBy(
            () ->
                run(
                    LIMITED,
                    connection -> {
                      driver.breakNext("execute");
                      try {
                        execute(connection, "insert a");
                      } finally {
                        take(2 * SECOND);
                      }
                      return true;
                    }))
        .isInstanceOf(WriteOutcomeUnknownException.class)
        .hasMessageContaining("its deadline has passed");
  }

  /** A connection is lost in time, but there is none left to wait for another. */
  @Test
  void thereIsNoFurtherRunAfterIt() {
    assertThatThrownBy(
            () ->
                run(
                    LIMITED.withReadOnly(true),
                    connection -> {
                      runs++;
                      take(2 * SECOND - 1);
                      driver.breakNext("execute");
                      execute(connection, "select 1");
                      return true;
                    }))
        .isInstanceOf(SQLException.class)
        .isNotInstanceOf(WorkDeadlineException.class)
        .satisfies(
            e ->
                assertThat(e.getSuppressed()[0])
                    .hasMessageContaining("no time left before its deadline"));
    assertThat(runs).isEqualTo(1);
  }

  /** It was decided in time, and upkeep has cancelled a session that was lost already. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void noRunBeginsThatNobodyWouldCancel(boolean whileItPauses) {
    Pause late =
        nanos -> {
          now += nanos;
          if (whileItPauses) {
            take(2 * SECOND);
          }
        };
    Renewal slow =
        (face, options, timeout) -> {
          leases.renew(face, timeout);
          if (!whileItPauses) {
            take(2 * SECOND);
          }
        };
    runner = new UnitRunner(leases, () -> now, () -> 0.5, late, slow);
    assertThatThrownBy(() -> run(LIMITED.withReadOnly(true), this::readAndBreak))
        .isInstanceOf(WorkDeadlineException.class)
        .hasMessageStartingWith("the report ran over its deadline of 2000 ms and was cancelled");
    assertThat(runs).isEqualTo(1);
    assertThat(leases.watched).isEmpty();
    assertThat(events(PoolEvent.Retried.class)).isEmpty();
    assertThat(leases.released).as("what was fetched for nothing is closed").hasValue(0);
    assertThat(leases.closed).hasSize(2);
  }

  /** The outer may catch that: it must not find another session under its connection. */
  @Test
  void whenAnOuterDeadlinePassesBetweenTwoRunsTheConnectionIsClosed() {
    Renewal slow =
        (face, options, timeout) -> {
          leases.renew(face, timeout);
          take(2 * SECOND);
        };
    runner = new UnitRunner(leases, () -> now, () -> 0.5, nanos -> now += nanos, slow);
    assertThatThrownBy(
            () ->
                run(
                    LIMITED,
                    connection -> {
                      execute(connection, "insert before"); // so it isn't run again itself
                      connection.setAutoCommit(false);
                      assertThatThrownBy(
                              () ->
                                  runner.rerun(
                                      connection,
                                      WorkOptions.READ_ONLY.withLabel("inner"),
                                      this::readAndBreak))
                          .isInstanceOf(SQLException.class);
                      execute(connection, "insert a");
                      return true;
                    }))
        .isInstanceOf(SQLException.class);
    assertThat(runs).isEqualTo(1);
    assertThat(driver.database.rows).containsExactly("before");
  }

  @Test
  void aFurtherRunHasTheTimeThatIsLeft() {
    assertThatThrownBy(
            () ->
                run(
                    LIMITED.withReadOnly(true),
                    connection -> {
                      if (++runs == 1) {
                        take(SECOND);
                        driver.breakNext("execute");
                        execute(connection, "select 1");
                      }
                      take(SECOND);
                      throw cancelled();
                    }))
        .isInstanceOf(WorkDeadlineException.class)
        .hasMessageContaining("it has run 2 times in 2010 ms");
  }

  @Test
  void aTransactionThatRanOverItIsNotCommitted() {
    assertThatThrownBy(
            () ->
                inTransaction(
                    LIMITED,
                    connection -> {
                      execute(connection, "insert a");
                      take(2 * SECOND);
                      return true;
                    }))
        .isInstanceOf(WorkDeadlineException.class);
    assertThat(driver.database.rows).isEmpty();
  }

  /** Cancelled, it would commit without the standby that it waits for. */
  @Test
  void aCommitIsNotCancelled() throws SQLException {
    driver.during(
        "commit",
        () -> {
          take(3 * SECOND);
          take(SECOND);
        });
    inTransaction(
        LIMITED,
        connection -> {
          execute(connection, "insert a");
          return true;
        });
    assertThat(driver.database.rows).containsExactly("a");
    assertThat(leases.cancelled).isEmpty();
    assertThat(leases.watched).isEmpty();
  }

  @Test
  void anOuterUnitsDeadlineEndsTheInnerOneAndIsTheOuterOnesToTell() {
    assertThatThrownBy(
            () ->
                run(
                    LIMITED,
                    connection ->
                        runner.rerun(
                            connection,
                            WorkOptions.READ_ONLY.withLabel("inner"),
                            inner -> {
                              runs++;
                              take(2 * SECOND);
                              throw cancelled();
                            })))
        .isInstanceOf(WorkDeadlineException.class)
        .hasMessageStartingWith("the report ran over");
    assertThat(runs).isEqualTo(1);
  }

  @Test
  void anInnerUnitsDeadlineDoesNotRunTheOuterOneAgain() {
    assertThatThrownBy(
            () ->
                run(
                    WorkOptions.READ_ONLY.withLabel("outer"),
                    connection ->
                        runner.rerun(
                            connection,
                            LIMITED,
                            inner -> {
                              runs++;
                              take(2 * SECOND);
                              take(SECOND);
                              execute(inner, "select 1");
                              return true;
                            })))
        .isInstanceOf(WorkDeadlineException.class)
        .hasMessageStartingWith("the report ran over");
    assertThat(runs).isEqualTo(1);
  }

  /** A request to cancel may still be on its way: it must not meet what comes after the unit. */
  @Test
  void whatWasCancelledIsNotUsedAfterItsUnit() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      face.setAutoCommit(false);
      execute(face, "insert a");
      runner.rerun(
          face,
          LIMITED,
          connection -> {
            take(2 * SECOND);
            return true; // it was quicker than the cancel
          });
      assertThatThrownBy(face::commit)
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08003"));
      assertThat(face.isOver()).as("nobody can give it another session").isTrue();
    }
    assertThat(driver.database.rows).isEmpty();
    assertThat(leases.cancelled).containsExactly(1L);
  }

  /** Each once, before the session goes, and with no unit that counts what they do. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void itsInterceptorsHearOfItsEnd(boolean autoCommit) throws SQLException {
    List<String> heard = new ArrayList<>();
    LeaseInterceptor interceptor =
        new LeaseInterceptor() {
          @Override
          public void acquired(Connection connection) {
            heard.add("acquired");
          }

          @Override
          public void returning(Connection connection) throws SQLException {
            execute(connection, "select 1");
            heard.add("returning, heard by " + ((PooledConnection) connection).observer());
          }
        };
    try (PooledConnection face = leases.acquire(interceptor)) {
      runner.rerun(
          face,
          LIMITED,
          connection -> {
            connection.setAutoCommit(autoCommit);
            execute(connection, "insert a");
            take(2 * SECOND);
            return true;
          });
      assertThat(face.isClosed()).isTrue();
      assertThat(heard).containsExactly("acquired", "returning, heard by null");
    }
    assertThat(heard).hasSize(2);
    assertThat(leases.closed).hasSize(1);
  }

  /** What came too late for the unit finds another lease, or none. */
  @Test
  void aUnitThatHasEndedIsNotCancelled() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      runner.run(face, LIMITED, runner.deadline(LIMITED), UnitWatch.NONE, Connection::isReadOnly);
      take(10 * SECOND);
      assertThat(leases.cancelled).isEmpty();
      execute(face, "select 1");
    }
    assertThat(leases.released).hasValue(1);
  }

  /** What comes after a COMMIT can be cancelled as what came before. */
  @Test
  void afterACommitItIsWatchedAgain() {
    assertThatThrownBy(
            () ->
                run(
                    LIMITED,
                    connection -> {
                      connection.setAutoCommit(false);
                      execute(connection, "insert a");
                      connection.commit();
                      take(2 * SECOND);
                      throw cancelled();
                    }))
        .isInstanceOf(WorkDeadlineException.class);
    assertThat(driver.database.rows).containsExactly("a");
    assertThat(leases.cancelled).containsExactly(1L);
  }

  @Test
  void aDeadlineThatPassedDuringACommitIsKeptAfterIt() {
    driver.during("commit", () -> take(3 * SECOND));
    assertThatThrownBy(
            () ->
                run(
                    LIMITED,
                    connection -> {
                      connection.setAutoCommit(false);
                      execute(connection, "insert a");
                      connection.commit();
                      assertThat(leases.cancelled).isEmpty();
                      take(SECOND);
                      throw cancelled();
                    }))
        .isInstanceOf(WorkDeadlineException.class);
    assertThat(driver.database.rows).containsExactly("a");
    assertThat(leases.cancelled).containsExactly(1L);
  }
}
