package io.everpool.postgresql.protocol;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The last words of a session, where they prove that nothing of what is unanswered was carried out:
 * because the server would wait no longer for it, or because it never got to a server.
 *
 * <p>PostgreSQL's two idle timeouts run from one ReadyForQuery to the next request, and one that
 * passes while that is being read ends the session before it is looked at (the loop of {@code
 * PostgresMain}). All other limits, and an administrator's order, may come while a COMMIT is waited
 * for. Others use the same SQLStates (Pgpool-II, when any one of its several servers has ended a
 * session), but don't name PostgreSQL's routine with them.
 *
 * <p>PgBouncer says some words only to clients that have no server connection, of which nothing has
 * been passed on: {@code query_wait_timeout}, {@code query_timeout} and, in an orderly shutdown,
 * {@code server shutting down} to those who wait for one ({@code pool_client_maint}, {@code
 * pause_client}); {@code client_idle_timeout} to those who have asked for none; and that its logins
 * have failed to those who have just asked ({@code check_fast_fail}). Who has bound a statement by
 * a name that it doesn't know ({@code handle_bind_command}), as one PgBouncer doesn't that has
 * taken its clients over from another, is told so before that is passed on. Its words for a query
 * that it breaks off are others. It names neither a routine nor, as PostgreSQL does, the severity
 * twice.
 */
final class Farewell {

  /** As much as is read of an error; with a longer text it proves nothing. */
  static final int LONGEST = 512;

  private static final Set<String> PASSED_NOTHING_ON =
      Set.of(
          "query_wait_timeout",
          "query_timeout",
          "client_idle_timeout",
          "server shutting down",
          "prepared statement did not exist",
          "pgbouncer cannot connect to server"); // before 1.17, for what is below

  /** Why, or until when, follows; it may be cut off. */
  private static final String FAST_FAIL = "server login has been failing, ";

  private final String fields;

  private Farewell(String fields) {
    this.fields = fields;
  }

  /** Reads the whole body of an ErrorResponse. */
  static boolean leavesAllUndone(byte[] text, int from, int to) {
    Farewell said = new Farewell(new String(text, from, to - from, ISO_8859_1));
    return said.isOfOneWhoWaited() || said.isOfOneWhoPassedNothingOn();
  }

  /**
   * Whether these are the last words of a session, read from as much of an ErrorResponse as is
   * there: the severity comes first. Whoever is in between may name it once only.
   */
  static boolean endsSession(byte[] text, int from, int to) {
    Farewell said = new Farewell(new String(text, from, to - from, ISO_8859_1));
    String severity = said.field('V');
    severity = severity == null ? said.field('S') : severity;
    return "FATAL".equals(severity) || "PANIC".equals(severity);
  }

  /**
   * PostgreSQL, by its {@code idle_in_transaction_session_timeout} or {@code idle_session_timeout}.
   */
  private boolean isOfOneWhoWaited() {
    return is('V', "FATAL")
        && is('R', "ProcessInterrupts")
        && (is('C', "25P03") || is('C', "57P05"));
  }

  /** PgBouncer. */
  private boolean isOfOneWhoPassedNothingOn() {
    return is('S', "FATAL")
        && is('C', "08P01")
        && saysSo(field('M'))
        && field('V') == null
        && field('R') == null;
  }

  private static boolean saysSo(@Nullable String message) {
    return message != null
        && (PASSED_NOTHING_ON.contains(message) || message.startsWith(FAST_FAIL));
  }

  private boolean is(char letter, String value) {
    return value.equals(field(letter));
  }

  /**
   * The text of the field with this letter (PostgreSQL's manual: "Error and Notice Message
   * Fields"); null if there is none. A field is a letter, a text and a zero; another zero ends them
   * all.
   */
  private @Nullable String field(char letter) {
    int at = 0;
    while (at < fields.length()) {
      int end = fields.indexOf('\0', at);
      if (end <= at) {
        return null;
      }
      if (fields.charAt(at) == letter) {
        return fields.substring(at + 1, end);
      }
      at = end + 1;
    }
    return null;
  }
}
