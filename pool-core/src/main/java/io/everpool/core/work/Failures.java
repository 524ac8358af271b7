package io.everpool.core.work;

import java.util.ArrayList;
import java.util.List;

/** How the runs of a unit failed. */
final class Failures {
  private final List<Exception> earlier = new ArrayList<>(0);

  void add(Exception failure) {
    earlier.add(failure);
  }

  /** What is thrown in the end: {@code last}, which knows of the ones before. */
  Exception last(Exception last) {
    for (Exception failure : earlier) {
      if (last.getCause() != failure) {
        suppress(last, failure);
      }
    }
    return last;
  }

  static void suppress(Throwable thrown, Throwable other) {
    if (thrown != other) {
      thrown.addSuppressed(other);
    }
  }
}
