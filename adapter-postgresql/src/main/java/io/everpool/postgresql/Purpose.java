package io.everpool.postgresql;

/**
 * What the sessions of a connector are for, as far as it has shown: a pool that has only ever met
 * standbys is meant for them, and one whose sessions took writes is meant to write. Thread-safe.
 */
final class Purpose {
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
    this.primary = primary;
    this.choice = choice;
  }

  /** A session has begun, on a standby or not, and takes writes or not. */
  void met(boolean standby, boolean readOnly) {
    if (!standby) {
      primary = true;
    }
    if (!readOnly) {
      writing = true;
    }
  }

  /** A program has tried to write where no writes are taken. */
  void wrote() {
    if (choice) {
      primary = true;
      writing = true;
    }
  }

  /** Whether a standby isn't what one connects to here. */
  boolean isPrimary() {
    return primary;
  }

  /** Whether a session that takes no writes isn't what one has here. */
  boolean isWriting() {
    return writing;
  }
}
