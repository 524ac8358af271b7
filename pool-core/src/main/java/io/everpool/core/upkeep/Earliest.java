package io.everpool.core.upkeep;

/**
 * The earliest of some moments. It may be too early, because a moment that no longer matters isn't
 * taken out.
 */
final class Earliest {
  private boolean any;
  private long at;

  void forget() {
    any = false;
  }

  void note(long moment) {
    if (!any || moment - at < 0) {
      any = true;
      at = moment;
    }
  }

  /** Whether that moment has come; then it is time to look for the next one. */
  boolean hasCome(long now) {
    return any && now - at >= 0;
  }

  /** How long until then, nanoseconds; Long.MAX_VALUE for never. */
  long dueIn(long now) {
    return any ? at - now : Long.MAX_VALUE;
  }
}
