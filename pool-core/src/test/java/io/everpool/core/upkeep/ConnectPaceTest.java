package io.everpool.core.upkeep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Housekeeping;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.Waiter;
import java.lang.reflect.Proxy;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How soon a full server is asked for more by a pool whose connections are enough. */
class ConnectPaceTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long FIRST = 16 * SECOND;

  /** Time has no origin: this one is about to wrap. */
  private long now = Long.MAX_VALUE - SECOND;

  private final PassScheduler scheduler = new Asleep();

  private final Engine engine =
      new Engine(
          8,
          () -> now,
          new Housekeeping() {
            @Override
            public void close(Slot slot, long closing) {}

            @Override
            public void grow() {}
          });

  private final PoolConfig config = PoolConfig.builder("fake:").maxSize(8).build();

  private final Environment environment =
      new Environment(
          () -> now,
          InstantSource.system(),
          scheduler,
          Runnable::run,
          Runnable::run,
          () -> 0.99,
          nanos -> {});

  /** How a question that fails is judged. */
  private Verdict failureMeans = Verdict.STATEMENT_FAILED;

  /** What the driver says there is room for; below -1: it fails. */
  private int room;

  private final PhysicalConnection physical = asked();

  private PhysicalConnection asked() {
    return (PhysicalConnection)
        Proxy.newProxyInstance(
            PhysicalConnection.class.getClassLoader(),
            new Class<?>[] {PhysicalConnection.class},
            (proxy, method, arguments) -> {
              assertThat(method.getName()).isEqualTo("room");
              if (room < -1) {
                throw new SQLException("no", "XX000");
              }
              return room < 0 ? OptionalInt.empty() : OptionalInt.of(room);
            });
  }

  private final Inbox inbox = new Inbox(scheduler, "pool");

  private final FullServer full = new FullServer(inbox, environment, e -> failureMeans, config);

  private final ConnectPace pace = firstPace();

  private ConnectPace firstPace() {
    Slot slot = engine.slots()[0];
    slot.attempt(Move.RESERVE);
    engine.opened(slot, slot.word());
    return pace(config);
  }

  private ConnectPace pace(PoolConfig config) {
    Workers workers = new Workers(Runnable::run, Runnable::run, scheduler, "pool");
    return new ConnectPace(config, environment, workers, engine, full);
  }

  /** So many connects, begun and refused together. */
  private void refused(int connects, int before) {
    for (int i = 0; i < connects; i++) {
      pace.begun(now);
    }
    for (int i = 1; i <= connects; i++) {
      now += SECOND / 1_000;
      pace.failed(Verdict.OUT_OF_SLOTS, before + i, now);
    }
  }

  /** Another may be back at any time, but the one that refuses counts each attempt. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void a_host_that_refuses_is_spared_though_another_is_away(int inARow) {
    for (Verdict away : List.of(Verdict.SERVER_DOWN, Verdict.SERVER_STARTING)) {
      pace.failed(away, inARow, now);
      assertThat(pace.untilAllowed(now)).isLessThan(SECOND / 4);
      pace.refusedByOne(now);
      assertThat(pace.untilAllowed(now)).isBetween(SECOND / 2, 2 * SECOND);
    }
    pace.failed(Verdict.OUT_OF_SLOTS, 10, now);
    long longer = pace.untilAllowed(now);
    pace.refusedByOne(now);
    assertThat(pace.untilAllowed(now)).as("a longer pause stays").isEqualTo(longer);
  }

  @Test
  void connects_that_were_refused_together_are_one_refusal() {
    refused(4, 0);
    assertThat(pace.pause(now)).isBetween(FIRST / 2, FIRST);
    now += FIRST;
    assertThat(pace.pause(now)).isNotPositive();
  }

  @Test
  void the_next_one_counts_and_a_connection_ends_it() {
    refused(4, 0);
    now += FIRST;
    refused(1, 4);
    assertThat(pace.pause(now)).isBetween(FIRST, 2 * FIRST);
    now += 2 * FIRST;
    pace.succeeded(now);
    now += SECOND;
    refused(2, 0);
    assertThat(pace.pause(now)).isBetween(FIRST / 2, FIRST);
  }

  @Test
  void where_there_was_one_place_no_two_are_tried_at_once() {
    refused(1, 0);
    now += FIRST;
    pace.succeeded(now);
    assertThat(pace.allowance(now)).isEqualTo(1);
    now += 301 * SECOND;
    pace.succeeded(now);
    assertThat(pace.allowance(now)).isEqualTo(2);
  }

  /** By a connection that somebody has waited for. */
  private void said(int value) throws SQLException {
    room = value;
    full.ask(physical);
    inbox.empty();
  }

  /** By one that was just opened, if it was asked. */
  private boolean newcomerSays(int value) throws SQLException {
    room = value;
    int said = full.askNewcomer(physical);
    full.newcomerSaid(said, now);
    full.takeLastPlace();
    return said != FullServer.NOT_ASKED;
  }

  /** Whether the next borrower is to ask, after so long. */
  private boolean asksAfter(long nanos) {
    now += nanos;
    full.wonder(now);
    return full.takeQuestion();
  }

  @Test
  void a_full_server_is_asked_over_a_connection_instead() throws SQLException {
    assertThat(asksAfter(SECOND)).as("before it was full").isFalse();
    refused(4, 0);
    assertThat(asksAfter(SECOND / 2)).isFalse();
    assertThat(asksAfter(2 * SECOND)).isTrue();
    assertThat(full.takeQuestion()).as("by one").isFalse();
    said(0);
    assertThat(pace.pause(now)).as("as if it had refused").isGreaterThan(FIRST / 2);
    assertThat(asksAfter(SECOND)).as("ever more seldom").isFalse();
    assertThat(asksAfter(4 * SECOND)).isTrue();
    said(1);
    assertThat(pace.pause(now)).isNotPositive();
  }

  /** It may count what takes no slot; and as long as it is asked no connect comes before. */
  @Test
  void a_server_that_goes_on_saying_no_is_tried_now_and_then() throws SQLException {
    refused(1, 0);
    long begun = now;
    int asked = 0;
    while (pace.pause(now) > 0) {
      if (asksAfter(SECOND / 10)) {
        said(0);
        asked++;
      }
    }
    assertThat(now - begun).isBetween(240 * SECOND, 513 * SECOND);
    assertThat(asked).isGreaterThan(10);
  }

  /** However soon it would try again, it is asked first. */
  @Test
  void a_short_longest_pause_leaves_time_to_ask() throws SQLException {
    PoolConfig hasty =
        PoolConfig.builder("fake:")
            .retry(RetryConfig.DEFAULT.withMaxBackoff(Duration.ofMillis(50)))
            .build();
    FullServer quick = new FullServer(inbox, environment, e -> failureMeans, hasty);
    quick.refused(now, now);
    for (long end = now + 15 * SECOND; end - now > 0; now += SECOND / 10) {
      assertThat(quick.connectAt() - now).as("until a connect").isPositive();
      quick.wonder(now);
      if (quick.takeQuestion()) {
        room = 0;
        quick.ask(physical);
        inbox.empty();
      }
    }
  }

  @Test
  void where_nobody_answers_a_connect_is_tried_soon() {
    refused(1, 0);
    long begun = now;
    while (pace.pause(now) > 0) {
      asksAfter(SECOND / 10);
    }
    assertThat(now - begun).isLessThanOrEqualTo(FIRST);
  }

  @Test
  void a_question_that_nobody_takes_is_none_once_there_is_room() {
    refused(1, 0);
    now += 2 * SECOND;
    full.wonder(now);
    pace.succeeded(now);
    assertThat(full.takeQuestion()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, -2})
  void who_can_not_tell_is_not_asked_again_until_he_refuses(int value) throws SQLException {
    assertThat(newcomerSays(3)).isTrue();
    refused(1, 0);
    assertThat(asksAfter(2 * SECOND)).isTrue();
    said(value);
    assertThat(asksAfter(100 * SECOND)).isFalse();
    assertThat(newcomerSays(3)).isFalse();
    assertThat(pace.pause(now)).as("a connect shows it").isNotPositive();
    pace.succeeded(now);
    now += 301 * SECOND;
    pace.succeeded(now);
    pace.succeeded(now);
    assertThat(pace.allowance(now)).as("what was said before counts no more").isEqualTo(4);
    refused(1, 0);
    assertThat(asksAfter(2 * SECOND)).isTrue();
  }

  @Test
  void a_question_that_loses_the_connection_is_not_asked_again() {
    failureMeans = Verdict.CONNECTION_LOST;
    assertThatThrownBy(() -> newcomerSays(-2)).isInstanceOf(SQLException.class);
    assertThatCode(() -> assertThat(newcomerSays(-2)).isFalse()).doesNotThrowAnyException();
  }

  /** As one whose proxy has a limit of its own. */
  @Test
  void who_says_there_is_room_and_refuses_is_not_believed_until_a_connect_succeeds()
      throws SQLException {
    refused(1, 0);
    for (int times = 1; times <= 2; times++) {
      assertThat(asksAfter(2 * SECOND)).isTrue();
      said(7);
      assertThat(pace.pause(now)).isNotPositive();
      refused(1, times);
    }
    assertThat(asksAfter(2 * SECOND)).isTrue();
    said(7);
    assertThat(pace.pause(now)).isPositive();
    pace.succeeded(now);
    refused(1, 0);
    assertThat(asksAfter(2 * SECOND)).isTrue();
    said(7);
    assertThat(pace.pause(now)).isNotPositive();
  }

  @Test
  void one_that_was_full_long_ago_is_not_asked() throws SQLException {
    refused(1, 0);
    assertThat(newcomerSays(100)).isTrue();
    assertThat(asksAfter(301 * SECOND)).isFalse();
    assertThat(newcomerSays(100)).isFalse();
  }

  /** Others may be growing at the same moment. */
  @Test
  void where_there_is_not_plenty_of_room_few_are_under_way() throws SQLException {
    assertThat(newcomerSays(100)).as("the first").isTrue();
    assertThat(newcomerSays(24)).as("there was plenty").isFalse();
    assertThat(pace.allowance(now)).isEqualTo(8);
    refused(1, 0);
    assertThat(newcomerSays(24)).isTrue();
    now += 301 * SECOND;
    pace.succeeded(now);
    pace.succeeded(now);
    assertThat(pace.allowance(now)).isEqualTo(3);
    assertThat(newcomerSays(3)).isTrue();
    assertThat(pace.allowance(now)).isEqualTo(1);
    assertThat(newcomerSays(0)).isTrue();
    assertThat(pace.pause(now)).as("as if it had refused").isGreaterThan(FIRST / 2);
    assertThat(newcomerSays(32)).isTrue();
    assertThat(pace.allowance(now)).isEqualTo(4);
  }

  /** One that hangs would keep a waiter for as long as a connect may take. */
  @Test
  void who_waits_for_long_is_not_kept_for_others_sake() throws SQLException {
    assertThat(newcomerSays(3)).isTrue();
    assertThat(engine.tryAcquire(2)).isNotNull();
    engine.begin(new Patient(now), 1, 10);
    assertThat(pace.allowance(now)).isEqualTo(1);
    now += SECOND;
    assertThat(pace.allowance(now)).isEqualTo(8);
  }

  /** However long he would wait: who may wait for a day isn't well served after an hour. */
  @ParameterizedTest
  @CsvSource({"10, 5", "30, 15", "31, 15", "3600, 15", "31536000, 15"})
  void who_waits_for_long_has_a_full_server_tried(long acquireTimeout, long seconds) {
    PoolConfig config =
        PoolConfig.builder("fake:")
            .maxSize(8)
            .acquireTimeout(Duration.ofSeconds(acquireTimeout))
            .build();
    ConnectPace theirs = pace(config);
    theirs.begun(now);
    theirs.failed(Verdict.OUT_OF_SLOTS, 1, now);
    now += FIRST;
    theirs.begun(now);
    theirs.failed(Verdict.OUT_OF_SLOTS, 2, now);
    assertThat(engine.tryAcquire(2)).isNotNull();
    engine.begin(new Patient(now), 1, 10);
    now += seconds * SECOND - 1;
    assertThat(theirs.pause(now)).isPositive();
    now++;
    assertThat(theirs.pause(now)).isNotPositive();
  }

  private static final class Patient extends Waiter {
    Patient(long since) {
      super(since);
    }

    @Override
    protected void wake() {}
  }

  /** As for a pool whose own last place it was. */
  @Test
  void that_there_is_none_for_another_is_nothing_to_who_wants_none() {
    full.newcomerSaid(0, now);
    assertThat(pace.pause(now)).isNotPositive();
    assertThat(full.isCrowded(now)).isFalse();
  }

  /** It counts from when it was said, be it wanted later. */
  @Test
  void that_there_is_none_for_another_counts_once_one_is_wanted() {
    full.newcomerSaid(0, now);
    now += 5 * SECOND;
    assertThat(full.takeLastPlace()).isTrue();
    assertThat(full.takeLastPlace()).as("twice").isFalse();
    assertThat(pace.pause(now)).isBetween(FIRST / 2 - 5 * SECOND, FIRST - 5 * SECOND);
    assertThat(asksAfter(0)).as("before the connect").isTrue();
  }

  @Test
  void that_there_was_none_long_ago_holds_nobody_back() {
    full.newcomerSaid(0, now);
    now += 301 * SECOND;
    assertThat(full.takeLastPlace()).isTrue();
    assertThat(pace.pause(now)).isNotPositive();
    assertThat(full.isCrowded(now)).isFalse();
  }
}
