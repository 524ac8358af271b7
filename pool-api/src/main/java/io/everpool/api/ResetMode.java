package io.everpool.api;

/**
 * How session state that SQL has set behind JDBC's back ({@code SET}, temporary tables, {@code
 * LISTEN}, advisory locks) is cleared when a connection comes back.
 */
public enum ResetMode {
  /**
   * What statements may have left is cleared: by their texts, and by what the driver knows of the
   * functions, triggers, views and policies that they use. Costs nothing if they left nothing, and
   * a round trip otherwise.
   */
  SMART,
  /** The server forgets everything ({@code DISCARD ALL}) after each lease that ran a statement. */
  DISCARD_ALL,
  /** Nothing is cleared. */
  NONE
}
