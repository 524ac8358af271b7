package io.everpool.api;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * How large a pool should be, by what it was asked for: its latest leases, played again to pools of
 * other sizes. It can't know whether callers who had waited less would have asked for more.
 * Immutable; {@code toString()} says all of it in sentences. Only pools make it, for a later
 * version may say more.
 *
 * @see Pool#advise()
 */
public interface SizeAdvice {

  /**
   * What would have become of the same leases in a pool of another size.
   *
   * @param size how many connections that pool has
   * @param waitP99 how long 99 of 100 callers would have waited at the most
   * @param longestWait how long anybody would have waited at the most
   */
  record Forecast(int size, Duration waitP99, Duration longestWait) {}

  /**
   * The smallest size with which 99 of 100 callers would have waited no longer than a tenth of the
   * median use, or than 1 ms if that is less; it would also have borne the busiest minute.
   */
  int size();

  /** The size that the pool has now: {@code max-size}, or what an operator has made of it. */
  int maxSize();

  /** How many leases this is about: the latest 16,384 at the most. */
  int leases();

  /** The time from the first of these leases to the last. */
  Duration observed();

  /** How many connections were in use at the same time at the most. */
  int usedTogether();

  /** How long half of the leases lasted at the most. */
  Duration useMedian();

  /** How long 99 of 100 leases lasted at the most. */
  Duration useP99();

  /** How long 99 of 100 callers waited at the most. */
  Duration waitP99();

  /**
   * The forecasts for {@link #size}, for the sizes below it and for {@link #maxSize}, the smallest
   * first.
   */
  List<Forecast> forecasts();

  /** When the minute began in which most was in use, of the last seven days. */
  Instant busiestMinute();

  /** How many connections were in use in that minute, on average. */
  double usedThen();
}
