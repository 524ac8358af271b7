package io.everpool.api;

/**
 * How session state that SQL has set behind JDBC's back ({@code SET}, temporary tables, {@code
 * LISTEN}, advisory locks) is cleared when a connection comes back.
 */
public enum ResetMode {
  /**
   * What the texts of the statements may have left is cleared; costs nothing where they left none.
   */
  SMART,
  /** The server forgets everything ({@code DISCARD ALL}) after each lease that ran a statement. */
  DISCARD_ALL,
  /** Nothing is cleared. */
  NONE
}
