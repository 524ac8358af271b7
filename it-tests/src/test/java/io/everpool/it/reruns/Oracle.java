package io.everpool.it.reruns;

import io.everpool.it.reruns.Step.Effect;
import io.everpool.it.reruns.Way.Mode;
import java.util.List;

/**
 * What must happen to a unit whose connection is cut, by the rules of PostgreSQL alone: it knows
 * nothing of the pool.
 */
final class Oracle {

  /** When the connection is cut, seen from a request. */
  enum Phase {
    /** The server never sees the request. */
    BEFORE,
    /** The server has carried it out, the answer is lost. */
    DURING,
    /** The answer has come; whatever follows meets a dead connection. */
    AFTER
  }

  /** What becomes of the unit. */
  enum Fate {
    /** It is run again, and what it does is there once. */
    RUN_AGAIN("again"),
    /** It goes on, or is done already. */
    GOES_ON("goes on"),
    /** It isn't: its last request may be there or not. */
    IN_DOUBT("in doubt"),
    /** It isn't: a part of it is there for good. */
    COMMITTED("committed");

    final String word;

    Fate(String word) {
      this.word = word;
    }
  }

  private boolean autocommit;
  private boolean open;
  private boolean written;
  private boolean durable;

  private Oracle(Mode mode) {
    autocommit = mode == Mode.AUTOCOMMIT;
    open = !autocommit;
  }

  /** For a unit that is marked neither read-only nor idempotent. */
  static Fate of(List<Step> steps, Mode mode, int cut, Phase phase) {
    Oracle oracle = new Oracle(mode);
    for (int i = 0; i < cut; i++) {
      oracle.done(steps.get(i));
    }
    if (phase != Phase.AFTER) {
      return oracle.inFlight(steps.get(cut), phase);
    }
    oracle.done(steps.get(cut));
    int at = cut + 1;
    for (; at < steps.size() && !oracle.sends(steps.get(at)); at++) {
      oracle.done(steps.get(at));
    }
    // the next request is on its way to nobody, which its sender can't always know
    if (at == steps.size()) {
      return Fate.GOES_ON; // nothing follows that would notice
    }
    Step next = steps.get(at);
    boolean sendsMoreBefore = next.effect() == Effect.COMMIT && !next.request().isEmpty();
    return sendsMoreBefore && !oracle.durable
        ? Fate.RUN_AGAIN
        : oracle.inFlight(next, Phase.BEFORE);
  }

  private boolean sends(Step step) {
    return step.effect() == Effect.COMMIT_LOOKED_UP ? written : step.sends();
  }

  private Fate inFlight(Step step, Phase phase) {
    if (step.effect() == Effect.COMMIT_LOOKED_UP && phase == Phase.DURING) {
      return Fate.GOES_ON;
    }
    if (durable) {
      return Fate.COMMITTED;
    }
    return mayStay(step) ? Fate.IN_DOUBT : Fate.RUN_AGAIN;
  }

  private boolean mayStay(Step step) {
    return switch (step.effect()) {
      case COMMIT, ALONE -> true;
      case WRITE -> !open;
      default -> false;
    };
  }

  private void done(Step step) {
    switch (step.effect()) {
      case BEGIN -> open = true;
      case AUTOCOMMIT_ON -> {
        autocommit = true;
        open = false;
      }
      case AUTOCOMMIT_OFF -> {
        autocommit = false;
        open = true;
      }
      case WRITE -> {
        durable |= !open;
        written |= open;
      }
      case ALONE -> durable = true;
      case COMMIT, COMMIT_LOOKED_UP -> {
        durable |= written;
        end();
      }
      case ROLLBACK -> end();
      case NOTHING -> {}
    }
  }

  private void end() {
    written = false;
    open = !autocommit; // where it is off, the next statement begins another
  }

  /** Whether a step sends anything where it stands: a COMMIT only if there is what to commit. */
  static boolean sends(List<Step> steps, Mode mode, int step) {
    Oracle oracle = new Oracle(mode);
    for (int i = 0; i < step; i++) {
      oracle.done(steps.get(i));
    }
    return oracle.sends(steps.get(step));
  }
}
