package io.everpool.core.policy;

/** When connections are lost so often that somebody should look for the cause. */
public final class LossRate {

  /** Losses closer together than this have one cause and count once; nanoseconds. */
  public static final long ONE_CAUSE = 1_000_000_000L;

  /** How long a loss counts; nanoseconds. */
  public static final long WINDOW = 300_000_000_000L;

  /** How long the pool says nothing more after it has said so once; nanoseconds. */
  public static final long SILENCE = 600_000_000_000L;

  private static final int MANY = 5;

  private LossRate() {}

  /**
   * Whether to say that losses are frequent. A backend that was killed and a server that was
   * restarted are chance; losses at five different times within five minutes are not.
   *
   * @param losses how many there were within the window; those with one cause count once
   * @param sinceSaid time since it was last said, nanoseconds
   */
  public static boolean frequent(int losses, long sinceSaid) {
    return losses >= MANY && sinceSaid >= SILENCE;
  }
}
