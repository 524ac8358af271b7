package io.everpool.it.chaos;

import java.time.Duration;

/** The same for every pool, where it has such a setting. */
final class Limits {
  static final int MIN_SIZE = 2;
  static final int MAX_SIZE = 10;
  static final Duration ACQUIRE = Duration.ofSeconds(15);
  static final Duration CONNECT = Duration.ofSeconds(3);

  /** A server's silence after which its connection is given up: shorter than the long freezes. */
  static final Duration SILENCE = Duration.ofSeconds(3);

  static final Duration STATEMENT = Duration.ofSeconds(10);
  static final Duration VALIDATION = Duration.ofSeconds(2);

  private Limits() {}
}
