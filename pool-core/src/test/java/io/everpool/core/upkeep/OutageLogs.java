package io.everpool.core.upkeep;

import io.everpool.core.engine.TimeSource;

/** The pool's own, for tests of other rooms. */
public final class OutageLogs {

  private OutageLogs() {}

  public static OutageLog at(TimeSource time) {
    return new OutageLog(time);
  }
}
