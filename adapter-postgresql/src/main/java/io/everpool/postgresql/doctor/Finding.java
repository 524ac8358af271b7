package io.everpool.postgresql.doctor;

import java.util.Locale;

/**
 * One thing that the doctor has to say. A later version may have more of them to say it about, so a
 * {@code switch} over level or subject wants a {@code default}.
 *
 * @param level how bad it is
 * @param subject what it is about
 * @param text what it is, and what to do about it; a sentence or more, without secrets
 */
public record Finding(Level level, Subject subject, String text) {

  /** How bad it is. */
  public enum Level {
    /** As it should be. */
    OK,
    /** Works, and could be better. */
    ADVICE,
    /** Doesn't work. */
    PROBLEM,
    /** Wasn't looked at, mostly because something before it doesn't work; the text says why. */
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
    /** What lies between. */
    POOLER,
    /** How long a round trip takes. */
    LATENCY,
    /** Of the driver and of the server. */
    VERSIONS,
    /** How many connections there may be, and are. */
    SLOTS,
    /** The server's limits of time against the pool's. */
    TIMEOUTS,
    /** Whether the server can be asked what became of a COMMIT. */
    COMMITS,
    /** What functions leave in a session. */
    FUNCTIONS,
    /** What is done otherwise than the settings might make one expect. */
    NOTES,
    /** Settings against each other. */
    CONTRADICTIONS,
    /** How large the pool should be. */
    SIZE
  }

  /** As a line of a report. */
  @Override
  public String toString() {
    return String.format("%-8s %-15s %s", level, subject.name().toLowerCase(Locale.ROOT), text);
  }
}
