package io.everpool.postgresql;

import java.util.Locale;

/**
 * What the sessions of a connector are for, as far as their servers have shown it. A pool that has
 * only ever met standbys is meant for standbys. A pool whose sessions took writes is meant to
 * write, unless the connector was made for reading. Thread-safe.
 */
final class Purpose {
  private final boolean reading;
  private final boolean choice;
  private volatile boolean primary;
  private volatile boolean writing;

  /**
   * Is made with what is known before the first session.
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

  /**
   * The purpose of reading, whatever servers the connector meets and whoever writes: any server is
   * as good as another.
   */
  static Purpose reading() {
    return new Purpose(true, false, false);
  }

  /** The purpose that the URL tells by {@code targetServerType}. */
  static Purpose of(String targetServerType, boolean choice) {
    return switch (targetServerType.toLowerCase(Locale.ROOT)) {
      case "secondary", "prefersecondary", "slave", "preferslave" -> reading();
      case "primary", "master" -> new Purpose(true, choice);
      default -> new Purpose(false, choice);
    };
  }

  /**
   * Notes that a session has begun.
   *
   * @param standby whether its server is a standby
   * @param readOnly whether the session takes no writes
   */
  void met(boolean standby, boolean readOnly) {
    if (!standby) {
      primary = !reading;
    }
    if (!readOnly) {
      writing = !reading;
    }
  }

  /** Notes that a program has tried to write in a session that takes no writes. */
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
