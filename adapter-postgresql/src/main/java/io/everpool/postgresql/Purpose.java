package io.everpool.postgresql;

import java.util.Locale;

/**
 * What the sessions of a connector are for, as far as it has shown: a pool that has only ever met
 * standbys is meant for them, and one whose sessions took writes is meant to write, unless it is
 * said to read. Thread-safe.
 */
final class Purpose {
  private final boolean reading;
  private final boolean choice;
  private volatile boolean primary;
  private volatile boolean writing;

  /**
   * What is known at first.
   *
   * @param primary whether only a primary is asked for
   * @param choice whether there are hosts to choose from
   */
  Purpose(boolean primary, boolean choice) {
    this(false, primary, choice);
  }

  private Purpose(boolean reading, boolean primary, boolean choice) {
    this.reading = reading;
    this.primary = primary;
    this.choice = choice;
  }

  /** For reading, whatever it meets and whoever writes: any server is as good as another. */
  static Purpose reading() {
    return new Purpose(true, false, false);
  }

  /** What the URL says by {@code targetServerType}. */
  static Purpose of(String targetServerType, boolean choice) {
    return switch (targetServerType.toLowerCase(Locale.ROOT)) {
      case "secondary", "prefersecondary", "slave", "preferslave" -> reading();
      case "primary", "master" -> new Purpose(true, choice);
      default -> new Purpose(false, choice);
    };
  }

  /**
   * A session has begun.
   *
   * @param standby whether its server is a standby
   * @param readOnly whether it takes no writes
   */
  void met(boolean standby, boolean readOnly) {
    if (!standby) {
      primary = !reading;
    }
    if (!readOnly) {
      writing = !reading;
    }
  }

  /** A program has tried to write where no writes are taken. */
  void wrote() {
    if (choice) {
      primary = true;
      writing = true;
    }
  }

  /** Whether sessions are meant to be on a primary. */
  boolean isPrimary() {
    return primary;
  }

  /** Whether sessions are meant to take writes. */
  boolean isWriting() {
    return writing;
  }
}
