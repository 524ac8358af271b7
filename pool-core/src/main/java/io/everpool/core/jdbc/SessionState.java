package io.everpool.core.jdbc;

import org.jspecify.annotations.Nullable;

/** What a program has changed in a session by JDBC's setters, to be carried to another session. */
public final class SessionState {
  /** Whether statements may take as long as they need. */
  final boolean unlimited;

  private final int changed;
  final @Nullable Object[] values;

  SessionState(boolean unlimited, int changed, @Nullable Object[] values) {
    this.unlimited = unlimited;
    this.changed = changed;
    this.values = values;
  }

  boolean has(Setting setting) {
    return (changed & setting.bit) != 0;
  }
}
