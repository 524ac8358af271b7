package io.everpool.postgresql.doctor;

import java.util.Locale;

/**
 * One result of the doctor's examination. Immutable. A later version may have more levels and
 * subjects, so a {@code switch} over them wants a {@code default}.
 *
 * @param level how bad it is
 * @param subject what it is about
 * @param text what was found, and what to do about it; one or more sentences without secrets
 */
public record Finding(Level level, Subject subject, String text) {

  /** How bad a finding is. */
  public enum Level {
    /** All is as it should be. */
    OK,
    /** It works, and could be better. */
    ADVICE,
    /** It doesn't work. */
    PROBLEM,
    /** It wasn't looked at, mostly because something before it doesn't work; the text says why. */
    SKIPPED
  }

  /** What is looked at, in this order. */
  public enum Subject {
    /** Whether the settings can be read. */
    SETTINGS,
    /** Whether each host has an address. */
    NAME,
    /** Whether somebody listens there. */
    PORT,
    /** Whether connections are encrypted, and to whom. */
    TLS,
    /** Whether the server lets this role in. */
    LOGIN,
    /** Whether a pooler lies between the pool and the server. */
    POOLER,
    /** How long a round trip takes. */
    LATENCY,
    /** The versions of the driver and of the server. */
    VERSIONS,
    /** How many connections the server allows, and how many there are. */
    SLOTS,
    /** The server's limits of time against the pool's. */
    TIMEOUTS,
    /** Whether the server can be asked what became of a COMMIT. */
    COMMITS,
    /** What functions of the database leave in a session. */
    FUNCTIONS,
    /** What is done otherwise than the settings might make one expect. */
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
