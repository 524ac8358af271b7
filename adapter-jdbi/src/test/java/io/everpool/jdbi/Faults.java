package io.everpool.jdbi;

import io.everpool.api.driver.Causes;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Failures to come: each strikes once, at the first thing done that contains its text. */
final class Faults {
  private record Fault(String at, String sqlState) {}

  private final Deque<Fault> faults = new ArrayDeque<>();

  /** The connection is lost when {@code at} is about to be executed. */
  Faults breakAt(String at) {
    faults.add(new Fault(at, "57P01"));
    return this;
  }

  /** The transaction loses a race when {@code at} is about to be executed. */
  Faults conflictAt(String at) {
    faults.add(new Fault(at, "40001"));
    return this;
  }

  /** The state of the fault that strikes at {@code action}, or null. */
  @Nullable String strike(String action) {
    Fault next = faults.peek();
    if (next == null || !action.contains(next.at())) {
      return null;
    }
    faults.remove();
    return next.sqlState();
  }

  /** Whether an SQLException with {@code sqlState} is among the causes. */
  static boolean has(Throwable failure, String sqlState) {
    return Causes.first(
            failure, at -> at instanceof SQLException sql && sqlState.equals(sql.getSQLState()))
        != null;
  }
}
