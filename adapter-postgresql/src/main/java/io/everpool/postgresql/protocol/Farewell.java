package io.everpool.postgresql.protocol;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The last words of a session, where they prove that nothing of what is unanswered was carried out:
 * because the server would wait no longer for it, or because it, or the end of its transaction,
 * never got to a server.
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
 * have failed to those who have just asked ({@code check_fast_fail}). Its words for a query that it
 * breaks off are others. It names neither a routine nor, as PostgreSQL does, the severity twice.
 *
 * <p>A client of PgBouncer may bind a statement by a name that PgBouncer doesn't know: a PgBouncer
 * that has taken its clients over from another one doesn't know the names that they have. That
 * client is told so when it has a server connection ({@code handle_bind_command}), to which
 * PgBouncer has passed on all that came before that Bind, and of which it may drop the answers. The
 * Bind itself, and the Sync behind it, were passed to no server: so only the round of the Bind
 * never gets to its end ({@link #leavesRoundOpen}).
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
          "pgbouncer cannot connect to server"); // before 1.17, for what is below

  /** PgBouncer's words where a client binds, or describes, a statement that it doesn't know. */
  private static final String UNKNOWN_STATEMENT = "prepared statement did not exist";

  /** Why, or until when, follows; it may be cut off. */
  private static final String FAST_FAIL = "server login has been failing, ";

  private final String fields;

  private Farewell(String fields) {
    this.fields = fields;
  }

  /** Reads the whole body of an ErrorResponse. */
  static boolean leavesAllUndone(byte[] text, int from, int to) {
    Farewell said = new Farewell(new String(text, from, to - from, ISO_8859_1));
    return said.isOfOneWhoWaited() || (said.isPgBouncers() && passedNothingOn(said.field('M')));
  }

  /**
   * Whether the last round has ended before its Sync got to a server. What came before that in the
   * stream, earlier rounds included, may have been carried out. Reads the whole body of an
   * ErrorResponse.
   */
  static boolean leavesRoundOpen(byte[] text, int from, int to) {
    Farewell said = new Farewell(new String(text, from, to - from, ISO_8859_1));
    return said.isPgBouncers() && said.is('M', UNKNOWN_STATEMENT);
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

  /** Whether these are words of PgBouncer's own. */
  private boolean isPgBouncers() {
    return is('S', "FATAL") && is('C', "08P01") && field('V') == null && field('R') == null;
  }

  private static boolean passedNothingOn(@Nullable String message) {
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
