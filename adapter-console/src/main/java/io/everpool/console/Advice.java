package io.everpool.console;

import io.everpool.api.Pool;
import io.everpool.api.SizeAdvice;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How large a pool should be, as the pool itself says. Only one thread uses this. */
final class Advice {

  /**
   * How long an answer is used before the pool is asked again, in milliseconds: to ask takes some
   * ten milliseconds of processor time.
   */
  static final long AGAIN = 15_000;

  private final Pool pool;
  private @Nullable Said last;

  /** What matters about the advice to whoever watches. */
  enum Kind {
    /** There is no advice; the text says why. */
    UNKNOWN,
    /** The pool is large enough. */
    ENOUGH,
    /** The pool is too small. */
    SMALL
  }

  /**
   * What the pool has said.
   *
   * @param at when it was said, in milliseconds since 1970
   */
  record Said(long at, Kind kind, String text) {}

  Advice(Pool pool) {
    this.pool = pool;
  }

  /** What the pool said last; if that is old, what it says now. */
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
