package io.everpool.core.replicas;

import org.jspecify.annotations.Nullable;

/**
 * How far a replica lags, as far as was seen. The replica need not be asked for each unit of work,
 * because a lag grows no faster than time passes: it is now at most what was seen plus the time
 * since then. Thread-safe.
 */
final class Lag {

  /** Stands for the lag of a replica that can't tell it. */
  static final long UNKNOWABLE = Long.MAX_VALUE;

  private final long most;
  private volatile @Nullable Seen seen;

  /** The last answer that was too large, whether it was believed or not. */
  private volatile @Nullable Seen tooLarge;

  /** What was seen, and when that was asked for. */
  private record Seen(long lag, long askedAt) {}

  /** What is known of the lag at a moment. */
  enum Known {
    /** It is small enough. */
    SMALL,
    /** It is still small enough, but it is time to ask again. */
    SMALL_FOR_NOW,
    /** Nobody knows it any more. */
    NOTHING,
    /** It was too large, or the replica couldn't tell. */
    LARGE
  }

  /**
   * @param most how large it may be, nanoseconds; 0 if that doesn't matter
   */
  Lag(long most) {
    this.most = most;
  }

  /**
   * The replica has answered. What it says may be too much: it knows how old the last transaction
   * is that it has shown, but not whether there was another one since.
   *
   * <p>It may also be too little: a replica that tries in vain to follow its primary seems to
   * follow it for a moment at each attempt. If it said before that it was too far behind, and now
   * says that it has shown next to nothing since then, a smaller answer in between doesn't count.
   */
  void seen(long lag, long askedAt) {
    Seen last = seen;
    if (last != null && askedAt - last.askedAt < 0) {
      return; // a later question was answered first
    }
    boolean stood = hasStood(lag, askedAt);
    if (lag > most && lag != UNKNOWABLE) {
      tooLarge = new Seen(lag, askedAt);
    }
    long known =
        last == null || last.lag == UNKNOWABLE || stood ? lag : last.lag + askedAt - last.askedAt;
    seen = new Seen(lag == UNKNOWABLE ? lag : Math.min(lag, known), askedAt);
  }

  /** Whether it has shown next to nothing since its last answer that was too large. */
  private boolean hasStood(long lag, long askedAt) {
    Seen before = tooLarge;
    return before != null && lag - before.lag >= askedAt - before.askedAt - most;
  }

  /** What is known of it at {@code now}. */
  Known at(long now) {
    if (most == 0) {
      return Known.SMALL;
    }
    Seen last = seen;
    if (last == null) {
      return Known.NOTHING;
    }
    long slack = most - last.lag;
    if (slack < 0) {
      return Known.LARGE;
    }
    long age = now - last.askedAt;
    return age > slack ? Known.NOTHING : age > slack / 2 ? Known.SMALL_FOR_NOW : Known.SMALL;
  }

  /** Why work doesn't begin there, for messages. */
  String text() {
    Seen last = seen;
    return last != null && last.lag == UNKNOWABLE
        ? "its driver or server can't tell how far it lags (max-replica-lag = 0s doesn't ask)"
        : "it lags "
            + (last == null ? "nobody knows how many" : last.lag / 1_000_000)
            + " ms behind (max-replica-lag is "
            + most / 1_000_000
            + " ms)";
  }
}
