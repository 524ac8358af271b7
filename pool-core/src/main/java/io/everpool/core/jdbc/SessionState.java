package io.everpool.core.jdbc;

import org.jspecify.annotations.Nullable;

/** What a program has changed in a session by JDBC's setters, to be carried to another session. */
public final class SessionState {
  private final int changed;
  final @Nullable Object[] values;

  SessionState(int changed, @Nullable Object[] values) {
    this.changed = changed;
    this.values = values;
  }

  boolean has(Setting setting) {
    return (changed & setting.bit) != 0;
  }
}
