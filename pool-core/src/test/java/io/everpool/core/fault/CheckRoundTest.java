package io.everpool.core.fault;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.HealthCheck;
import io.everpool.api.SleepMode;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Await;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The health check that comes at its interval. */
@Timeout(60)
class CheckRoundTest extends UpkeepByHand {
  private static final long INTERVAL = 30_000 * MS;

  private static long count(Engine engine, State state) {
    return Arrays.stream(engine.slots()).filter(slot -> slot.state() == state).count();
  }

  /** Goes to the time of the first round, without a jump that would look like a pause. */
  private void reachRound() {
    long until = now + INTERVAL;
    while (now - until < 0) {
      now += 100 * MS;
      beat();
    }
  }

  private int validated() {
    return script.calls().getOrDefault("validate", 0);
  }

  @Test
  void one_worker_examines_them_in_turn_and_the_others_can_be_lent_meanwhile() {
    Engine engine = open(5).engine();
    script.watch(true);
    reachRound();
    assertThat(workers).hasSize(1);
    assertThat(count(engine, State.IDLE)).isEqualTo(5);
    Slot lent = requireNonNull(engine.tryAcquire(1));
    work();
    assertThat(validated()).as("the one that is lent needs no examination").isEqualTo(4);
    engine.release(lent, lent.lease);
    assertThat(count(engine, State.IDLE)).isEqualTo(5);
  }

  /** One pass begins it, one sees that it is over; a pool at rest is at rest again. */
  @Test
  void a_round_takes_two_passes() {
    open(3);
    reachRound();
    work();
    now += 100 * MS;
    assertThat(beat()).isGreaterThan(20_000 * MS);
  }

  /** Being examined is no use: what idles, idles on. */
  @Test
  void an_examination_between_two_passes_is_no_use() {
    UpkeepWithoutFaces upkeep = open(1);
    Slot slot = upkeep.engine().slots()[0];
    long opened = now;
    reachRound();
    work();
    now += 100 * MS;
    beat();
    assertThat(upkeep.idleFor(slot, now)).isEqualTo(now - opened);
  }

  @Test
  void while_one_examination_hangs_another_worker_goes_on_with_the_rest()
      throws InterruptedException {
    Engine engine = open(4).engine();
    script.watch(true);
    script.arm("validate", 1, Fault.HANGS);
    reachRound();
    Thread worker = new Thread(requireNonNull(workers.poll()), "a worker whose driver hangs");
    worker.start();
    Await.until(() -> script.hanging() != null, "the examination to hang");
    now += 100 * MS;
    beat(); // sees how far it is
    assertThat(workers).isEmpty();
    now += 100 * MS;
    beat(); // no farther
    assertThat(workers).hasSize(1);
    work();
    assertThat(validated()).isEqualTo(4);
    assertThat(count(engine, State.IDLE)).isEqualTo(3);
    now += 100 * MS;
    assertThat(beat()).as("its deadline is watched").isLessThanOrEqualTo(100 * MS);
    script.tell();
    worker.join();
    assertThat(count(engine, State.IDLE)).isEqualTo(4);
  }

  /** Passes may follow each other closely: that is no standstill. */
  @Test
  void many_passes_at_once_call_for_no_further_worker() {
    open(5);
    reachRound();
    for (int i = 0; i < 100; i++) {
      beat();
    }
    assertThat(workers).hasSize(1);
  }

  /** At the limit of threads: nothing was learnt, and nothing is lost. */
  @Test
  void without_a_thread_there_is_no_round() {
    Engine engine = open(3).engine();
    withoutThreads();
    script.watch(true);
    reachRound();
    now += 100 * MS;
    assertThat(beat()).as("it is at rest").isGreaterThan(20_000 * MS);
    assertThat(validated()).isZero();
    assertThat(count(engine, State.IDLE)).isEqualTo(3);
  }

  /** The driver learns of the database by a connection that is well, and by one alone. */
  @ParameterizedTest
  @ValueSource(strings = {"look", "validate", "refresh"})
  void who_is_found_dead_or_dies_leaves_it_to_the_next(String fails) {
    Engine engine = open(3).engine();
    use(engine);
    script.watch(true);
    script.arm(fails, 1, Fault.CONNECTION_LOST);
    reachRound();
    work();
    assertThat(script.struck()).isTrue();
    assertThat(refreshed()).isEqualTo(fails.equals("refresh") ? 2 : 1);
  }

  @Test
  void without_anybody_well_it_is_left_to_the_next_round() {
    Engine engine = open(1).engine();
    use(engine);
    script.watch(true);
    script.arm("validate", 1, Fault.CONNECTION_LOST);
    reachRound();
    work();
    assertThat(refreshed()).isZero();
    beat();
    work();
    assertThat(count(engine, State.IDLE)).as("replaced").isEqualTo(1);
    reachRound();
    work();
    assertThat(refreshed()).isEqualTo(1);
    reachRound();
    work();
    assertThat(refreshed()).as("nobody has used it since").isEqualTo(1);
  }

  /**
   * A function that somebody else has changed leaves something in the sessions of a database that
   * may sleep as well: what was worked with is asked about once after that, and nothing else is
   * sent. With look nothing is ever sent.
   */
  @ParameterizedTest
  @CsvSource({"AUTO, ON, 1", "AUTO, OFF, 1", "QUERY, ON, 1", "LOOK, ON, 0", "LOOK, OFF, 0"})
  void what_was_worked_with_is_asked_about_once(HealthCheck check, SleepMode sleep, int times) {
    Engine engine =
        open(
                1,
                config ->
                    config
                        .healthCheck(check)
                        .sleep(sleep)
                        .sleepAfter(Duration.ofNanos(10 * INTERVAL)))
            .engine();
    use(engine);
    script.watch(true);
    for (int i = 0; i < 2; i++) {
      reachRound();
      work();
    }
    assertThat(refreshed()).isEqualTo(times);
  }

  /** Whoever has worked last before it sleeps isn't asked about: that would wake the database. */
  @Test
  void nothing_is_asked_of_a_database_that_sleeps() {
    Engine engine =
        open(1, config -> config.sleep(SleepMode.ON).sleepAfter(Duration.ofSeconds(1))).engine();
    use(engine);
    script.watch(true);
    reachRound();
    work();
    assertThat(refreshed()).isZero();
  }

  /**
   * What it was asked might wait for ever; and that it is disturbed is not the server's failure.
   */
  @Test
  void what_somebody_uses_who_has_kept_it_is_replaced_and_not_asked() {
    Engine engine = open(1).engine();
    long number = requireNonNull(engine.slots()[0].entry).number();
    script.watch(true);
    driver.disturb();
    reachRound();
    work();
    assertThat(validated()).isZero();
    beat();
    work();
    assertThat(requireNonNull(engine.slots()[0].entry).number()).isGreaterThan(number);
    assertThat(events)
        .filteredOn(PoolEvent.HealthCheckFailed.class::isInstance)
        .singleElement()
        .asString()
        .contains("nobody has it");
    assertThat(events).noneMatch(PoolEvent.Fenced.class::isInstance);
  }

  private int refreshed() {
    return script.calls().getOrDefault("refresh", 0);
  }

  /** Somebody does something that the driver might learn of. */
  private void use(Engine engine) {
    now += 100 * MS;
    Slot lent = requireNonNull(engine.tryAcquire(1));
    now += 100 * MS;
    beat();
    engine.release(lent, lent.lease);
    now += 100 * MS;
    beat();
  }
}
