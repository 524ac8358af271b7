package io.everpool.core.advice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.everpool.api.SizeAdvice;
import io.everpool.api.SizeAdvice.Forecast;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeaseTraceTest {
  private static final long MS = 1_000_000;
  private static final long MINUTE = 60_000 * MS;

  /** A clock may begin anywhere, and pass zero or its largest number on the way. */
  private static final long ORIGIN = Long.MAX_VALUE - 5 * MINUTE;

  private final LeaseTrace trace = new LeaseTrace(ORIGIN);

  /** So long after the beginning. */
  private static long at(long sinceThen) {
    return ORIGIN + sinceThen;
  }

  private void lease(long asked, long waited, long held) {
    trace.add(at(asked), at(asked + waited), at(asked + waited + held));
  }

  @Test
  void leases_are_in_the_order_in_which_they_were_asked_for() {
    lease(10 * MS, 0, 100 * MS);
    lease(5 * MS, MS, 200 * MS);
    lease(20 * MS, 2 * MS, MS);
    Leases leases = trace.leases();
    assertThat(leases.asked()).containsExactly(5 * MS, 10 * MS, 20 * MS);
    assertThat(leases.waited()).containsExactly(MS, 0, 2 * MS);
    assertThat(leases.held()).containsExactly(200 * MS, 100 * MS, MS);
  }

  @Test
  void only_the_latest_are_kept() {
    for (int i = 0; i < LeaseTrace.SIZE + 7; i++) {
      lease(i * MS, 0, MS);
    }
    Leases leases = trace.leases();
    assertThat(leases.count()).isEqualTo(LeaseTrace.SIZE);
    assertThat(leases.asked()[0]).isEqualTo(7 * MS);
  }

  /** Nobody was lent a connection since: the minutes have passed all the same. */
  @Test
  void what_was_busy_longer_ago_than_a_week_is_forgotten() {
    lease(0, 0, MINUTE);
    assertThat(trace.busiest(at(8 * 24 * 60 * MINUTE)).used()).isZero();
  }

  @Test
  void the_busiest_minute_counts_what_was_in_use_within_it() {
    lease(0, 0, 30_000 * MS);
    lease(2 * MINUTE + 30_000 * MS, 0, MINUTE); // half of it in the third, half in the fourth
    lease(3 * MINUTE, 0, MINUTE / 2);
    LeaseTrace.Busiest busiest = trace.busiest(at(10 * MINUTE));
    assertThat(busiest.used()).isEqualTo(1.0, within(1e-9));
    assertThat(busiest.ago()).isEqualTo(7 * MINUTE);
  }

  @Test
  void what_was_a_week_ago_is_forgotten() {
    lease(0, 0, MINUTE - 1);
    lease(7 * 24 * 60 * MINUTE, 0, 10 * MS);
    assertThat(trace.busiest(at(8 * 24 * 60 * MINUTE)).used()).isLessThan(0.01);
  }

  @Test
  void one_lease_of_more_than_a_week_fills_every_minute_of_it() {
    lease(0, 0, 9 * 24 * 60 * MINUTE);
    assertThat(trace.busiest(at(9 * 24 * 60 * MINUTE)).used()).isEqualTo(1.0, within(1e-9));
  }

  @Test
  void too_few_leases_are_no_advice() {
    for (int i = 0; i < 99; i++) {
      lease(i * MS, 0, MS);
    }
    assertThat(Advisor.advise(trace, 10, at(MINUTE), Instant.EPOCH)).isEmpty();
    lease(99 * MS, 0, MS);
    assertThat(Advisor.advise(trace, 10, at(MINUTE), Instant.EPOCH)).isPresent();
  }

  /** Three come at once every ten milliseconds, and stay for two. */
  @Test
  void an_advice_says_what_others_sizes_would_have_been_like() {
    for (int i = 0; i < 1_000; i++) {
      for (int k = 0; k < 3; k++) {
        lease(10L * i * MS, 0, 2 * MS);
      }
    }
    Instant now = Instant.parse("2026-11-24T14:05:10Z");
    SizeAdvice advice = Advisor.advise(trace, 20, at(10_000 * MS), now).orElseThrow();
    assertThat(advice.size()).isEqualTo(3);
    assertThat(advice.usedTogether()).isEqualTo(3);
    assertThat(advice.forecasts())
        .containsExactly(
            new Forecast(1, Duration.ofMillis(4), Duration.ofMillis(4)),
            new Forecast(2, Duration.ofMillis(2), Duration.ofMillis(2)),
            new Forecast(3, Duration.ZERO, Duration.ZERO),
            new Forecast(20, Duration.ZERO, Duration.ZERO));
    assertThat(advice)
        .hasToString(
            "max-size = 3 would do, 20 now: of 3,000 leases in 10 s (half of them up to 2.0 ms,"
                + " 99 of 100 up to 2.0 ms) at most 3 were out at the same time, and 99 of 100"
                + " waited up to 0 ms. With 1 they would have waited up to 4.0 ms, the unluckiest"
                + " 4.0 ms. With 2 they would have waited up to 2.0 ms, the unluckiest 2.0 ms."
                + " With 3 they would have waited up to 0 ms, the unluckiest 0 ms. With 20 they"
                + " would have waited up to 0 ms, the unluckiest 0 ms. The busiest minute of"
                + " the last seven days was Tuesday 2026-11-24 14:05 UTC, with 0.1 in use on"
                + " average.");
  }

  /** The latest leases may be of a quiet hour. */
  @Test
  void a_size_bears_the_busiest_minute() {
    for (int i = 0; i < 4; i++) {
      lease(0, 0, MINUTE - 1);
    }
    for (int i = 0; i < LeaseTrace.SIZE; i++) {
      lease(2 * MINUTE + 10L * i * MS, 0, MS);
    }
    SizeAdvice advice = Advisor.advise(trace, 20, at(10 * MINUTE), Instant.EPOCH).orElseThrow();
    assertThat(advice.usedTogether()).isEqualTo(1);
    assertThat(advice.size()).isEqualTo(5);
  }

  /** Of a few that overlap in every way. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void with_more_connections_nobody_waits_longer(int size) {
    long[] asked = {0, 0, 1, 2, 2, 5, 9};
    long[] held = {4, 1, 7, 0, 3, 2, 1};
    Leases leases = new Leases(asked, new long[asked.length], held);
    long[] fewer = leases.waits(size);
    long[] more = leases.waits(size + 1);
    for (int i = 0; i < fewer.length; i++) {
      assertThat(more[i]).isLessThanOrEqualTo(fewer[i]);
    }
    assertThat(leases.waits(leases.wanted())).containsOnly(0);
    assertThat(List.of(leases.wanted(), leases.together())).containsOnly(3);
  }
}
