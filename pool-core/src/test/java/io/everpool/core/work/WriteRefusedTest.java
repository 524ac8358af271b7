package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.RetryConfig;
import io.everpool.api.Verdict;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.Effects;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import io.everpool.core.upkeep.PrimarySearch.Refusal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A unit whose write is refused by a server that takes none any more. */
class WriteRefusedTest extends RunnerFixture {
  private final SQLException refused = new SQLException("cannot execute INSERT", "25006");
  private final List<Long> numbers = new ArrayList<>();

  /** The first connection's server writes no more; the next one's does. */
  @BeforeEach
  void demote() throws SQLException {
    PooledConnection first = leases.acquire();
    FakeLeaseManager.physical(first).readOnlyServer = true;
    FakeLeaseManager.physical(first).effects = Effects.NONE;
    first.close();
  }

  private String inTransaction() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      return runner.inTransaction(face, WorkOptions.DEFAULT, 0, UnitWatch.NONE, this::write);
    }
  }

  private String write(Connection connection) throws SQLException {
    runs++;
    numbers.add(number(connection));
    if (FakeLeaseManager.physical((PooledConnection) connection).readOnlyServer) {
      driver.failNext("execute", refused);
    }
    execute(connection, "insert");
    return "written";
  }

  /** Nobody sees a failover that ends while the search is under way. */
  @ParameterizedTest
  @EnumSource(
      value = Refusal.class,
      names = {"SOUGHT", "REPLACED"})
  void itIsRunAgainOnTheServerThatWasFound(Refusal refusal) throws SQLException {
    leases.refusal = refusal;
    leases.primaryFound = true;
    assertThat(inTransaction()).isEqualTo("written");
    assertThat(numbers).containsExactly(1L, 2L);
    assertThat(events(PoolEvent.Retried.class))
        .extracting(PoolEvent.Retried::verdict)
        .containsExactly(Verdict.READ_ONLY_SERVER);
    assertThat(logged.messages(Level.WARN)).contains(RECONNECTING);
  }

  /** One clear answer at once, and the connection is as good for reading as it was. */
  @ParameterizedTest
  @EnumSource(
      value = Refusal.class,
      names = {"SOUGHT", "KEPT"})
  void whereThereIsNoServerThatWritesItFailsOnceAndKeepsItsConnection(Refusal refusal)
      throws SQLException {
    leases.refusal = refusal;
    Throwable thrown = catchThrowable(this::inTransaction);

    assertThat(thrown).hasCause(refused).hasMessageContaining("takes no writes");
    assertThat(runs).isEqualTo(1);
    assertThat(pauses).isEmpty();
    assertThat(leases.doomed).isEmpty();
    assertThat(leases.closed).isEmpty();
    assertThat(leases.session).as("sessions opened").hasValue(1);
    assertThat(logged.messages(Level.WARN)).as("the pool has told of it").isEmpty();
    try (PooledConnection face = leases.acquire()) {
      assertThat(number(face)).isEqualTo(1);
      assertThat(FakeLeaseManager.session(face).inTransaction()).as("rolled back").isFalse();
    }
  }

  /** As long as it may be run again, and no longer than it has itself. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void itWaitsForAServerThatWritesAsLongAsItMay(boolean hasLittleTime) throws SQLException {
    leases.refusal = Refusal.SOUGHT;
    Duration longest = RetryConfig.DEFAULT.maxDuration();
    Duration deadline = hasLittleTime ? longest.dividedBy(2) : longest.multipliedBy(2);
    WorkOptions limited = WorkOptions.DEFAULT.withDeadline(deadline);
    try (PooledConnection face = leases.acquire()) {
      assertThat(
              catchThrowable(
                  () ->
                      runner.rerun(
                          face,
                          limited,
                          connection -> {
                            now += 1_000_000_000L;
                            return write(connection);
                          })))
          .hasCause(refused);
    }
    assertThat(leases.patience)
        .containsExactly((hasLittleTime ? deadline : longest).toNanos() - 1_000_000_000L);
  }

  @Test
  void anInterruptEndsTheWaiting() {
    leases.refusal = Refusal.SOUGHT;
    leases.primaryFound = true;
    leases.onAwaitPrimary = () -> Thread.currentThread().interrupt();
    Throwable thrown = catchThrowable(this::inTransaction);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(thrown).hasCause(refused);
    assertThat(thrown.getSuppressed()[0]).hasMessageContaining("its thread was interrupted");
    assertThat(runs).isEqualTo(1);
  }

  /** Whoever holds a handle reads on with it. */
  @Test
  void theConnectionAroundAUnitStaysOpen() throws SQLException {
    leases.refusal = Refusal.SOUGHT;
    try (PooledConnection face = leases.acquire()) {
      assertThat(catchThrowable(() -> runner.rerun(face, WorkOptions.DEFAULT, this::write)))
          .hasCause(refused);
      assertThat(number(face)).isEqualTo(1);
      execute(face, "select 1");
    }
  }
}
