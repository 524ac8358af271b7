package io.everpool.postgresql.doctor;

import java.util.Locale;

/**
 * One thing that the doctor has to say. A later version may have further levels and subjects, so a
 * {@code switch} over them wants a {@code default}.
 *
 * @param level how bad it is
 * @param subject what it is about
 * @param text what was found, and what to do about it; a sentence or more, without secrets
 */
public record Finding(Level level, Subject subject, String text) {

  /** How bad it is. */
  public enum Level {
    /** All is as it should be. */
    OK,
    /** This works, and could be better. */
    ADVICE,
    /** This doesn't work. */
    PROBLEM,
    /**
     * This wasn't looked at, mostly because something before it doesn't work; the text says why.
     */
    SKIPPED
  }

  /** What the doctor looks at, in this order. */
  public enum Subject {
    /** Whether the settings can be read. */
    SETTINGS,
    /** Whether each host has an address. */
    NAME,
    /** Whether somebody listens there. */
    PORT,
    /** Whether connections are encrypted, and who is at the other end. */
    TLS,
    /** Whether the server lets this role in. */
    LOGIN,
    /** Which pooler lies between. */
    POOLER,
    /** How long a round trip takes. */
    LATENCY,
    /** The versions of the driver and of the server. */
    VERSIONS,
    /** How many connections the server allows, and how many there are. */
    SLOTS,
    /** The server's limits of time, compared with the pool's. */
    TIMEOUTS,
    /** Whether the server can be asked what became of a COMMIT. */
    COMMITS,
    /** What functions leave in a session. */
    FUNCTIONS,
    /** What the pool does otherwise than the settings might make one expect. */
    NOTES,
    /** Settings that contradict one another. */
    CONTRADICTIONS,
    /** How large the pool should be. */
    SIZE
  }

  /** The finding as a line of a report. */
  @Override
  public String toString() {
    return String.format("%-8s %-15s %s", level, subject.name().toLowerCase(Locale.ROOT), text);
  }
}
