package io.everpool.console;

import io.everpool.api.Pool;
import io.everpool.api.SizeAdvice;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How large a pool should be, as it says itself. For one thread. */
final class Advice {

  /** To ask takes some ten milliseconds of processor time; milliseconds. */
  static final long AGAIN = 15_000;

  private final Pool pool;
  private @Nullable Said last;

  /** What of it matters to whoever watches. */
  enum Kind {
    /** There is none; the text says why. */
    UNKNOWN,
    /** It is large enough. */
    ENOUGH,
    /** It is too small. */
    SMALL
  }

  /**
   * What was said.
   *
   * @param at when; milliseconds since 1970
   */
  record Said(long at, Kind kind, String text) {}

  Advice(Pool pool) {
    this.pool = pool;
  }

  /** What it said last, or says now if that is old. */
  Said at(long now) {
    Said said = last;
    if (said == null || now - said.at >= AGAIN) {
      said = ask(now);
      last = said;
    }
    return said;
  }

  private Said ask(long now) {
    Optional<SizeAdvice> advice = pool.advise();
    if (advice.isPresent()) {
      SizeAdvice size = advice.get();
      return new Said(
          now, size.size() > size.maxSize() ? Kind.SMALL : Kind.ENOUGH, size.toString());
    }
    return new Said(
        now,
        Kind.UNKNOWN,
        pool.config().sizeAdvice()
            ? "Too few leases for an advice so far."
            : "No advice without size-advice = true, with which a pool remembers its latest leases.");
  }
}
