package io.everpool.core.jdbc;

import org.jspecify.annotations.Nullable;

/** What a program has changed in a session by JDBC's setters, to be carried to another session. */
public final class SessionState {
  private final int changed;
  final @Nullable Object[] values;
  private final boolean exact;

  SessionState(int changed, @Nullable Object[] values, boolean exact) {
    this.changed = changed;
    this.values = values;
    this.exact = exact;
  }

  /** Whether all of it is known; what a rollback may have taken back isn't. */
  public boolean exact() {
    return exact;
  }

  boolean has(Setting setting) {
    return (changed & setting.bit) != 0;
  }
}
