package io.everpool.postgresql.failure;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Causes;
import io.everpool.postgresql.driver.DriverLanguage;
import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * A row of {@link FailureRules}: what a failure looks like, and what it means.
 *
 * @param scope when the rule applies
 * @param states the beginnings of SQLStates, of which one must fit; empty for any state
 * @param words texts in small letters, of which one must be contained in the message, or in the
 *     name of the server's routine that failed; empty for any message
 * @param cause a class that must be among the causes; null if the causes don't matter
 * @param verdict what the failure means
 * @param advice what to do when the failure keeps connections from being opened; empty for the
 *     advice that goes with the verdict
 */
record FailureRule(
    Scope scope,
    List<String> states,
    List<String> words,
    @Nullable Class<? extends Throwable> cause,
    Verdict verdict,
    String advice) {

  /** When a rule applies. */
  enum Scope {
    /** It always applies. */
    ALWAYS,
    /** It applies while a connection is being opened. */
    CONNECTING,
    /**
     * It applies while a connection is being opened, to failures that don't come from the server.
     */
    DRIVER,
    /**
     * It applies while a connection is being opened, or if the session ended; it doesn't where a
     * statement merely failed.
     */
    ENDED,
    /**
     * It applies like {@link #ENDED}, and also if a pooler speaks, although it calls the failure a
     * mere ERROR, as PgBouncer did before 1.16. It is taken for a pooler if it names no routine:
     * PostgreSQL names the routine that failed.
     */
    POOLER,
    /** It applies if the server said that it ended the session, or that it doesn't begin one. */
    FATAL
  }

  /**
   * The words {@code FATAL} and {@code PANIC} in the languages of the server's messages
   * (lc_messages).
   */
  private static final Set<String> FATAL =
      Set.of(
          "FATAL",
          "PANIC",
          "PANIK",
          "FATALE",
          "PANICO",
          "FATALT",
          "ВАЖНО",
          "ПАНИКА",
          "ФАТАЛЬНО",
          "ПАНІКА",
          "ფატალური",
          "პანიკა",
          "치명적오류",
          "손상",
          "致命错误",
          "比致命错误还过分的错误");

  /**
   * What the server's translated messages have in place of {@code "}; French has a space within the
   * quotes.
   */
  private static final Pattern QUOTES = Pattern.compile("«[ \u00a0]?|[ \u00a0]?»|[“”„「」]");

  /** The word {@code ERROR} in these languages. */
  private static final Set<String> ERROR =
      Set.of(
          "ERROR", "FEHLER", "ERREUR", "ERRORE", "ERRO", "FEL", "HATA", "CHYBA", "BŁĄD", "ОШИБКА",
          "ПОМИЛКА", "错误", "錯誤", "오류", "შეცდომა");

  FailureRule(
      Scope scope,
      String states,
      String words,
      @Nullable Class<? extends Throwable> cause,
      Verdict verdict,
      String advice) {
    this(scope, split(states), split(words), cause, verdict, advice);
  }

  private static List<String> split(String alternatives) {
    return alternatives.isEmpty() ? List.of() : Arrays.asList(alternatives.split("\\|"));
  }

  boolean applies(SQLException failure, boolean connecting) {
    return inScope(failure, connecting)
        && (states.isEmpty() || stateMatches(failure.getSQLState()))
        && (words.isEmpty() || wordsMatch(failure) || wordsMatch(routine(failure)))
        && (cause == null || among(failure, cause));
  }

  private boolean inScope(SQLException failure, boolean connecting) {
    return switch (scope) {
      case ALWAYS -> true;
      case CONNECTING -> connecting;
      case DRIVER -> connecting && severity(failure).isEmpty();
      case ENDED -> ended(failure, connecting);
      case POOLER -> ended(failure, connecting) || routine(failure) == null;
      case FATAL -> FATAL.contains(severity(failure)) || (connecting && isEnd(severity(failure)));
    };
  }

  /**
   * Whether the failure has ended the session, or may have ended it where the server doesn't say.
   */
  private static boolean ended(SQLException failure, boolean connecting) {
    return connecting || !ERROR.contains(severity(failure));
  }

  /**
   * Whether the server says that it ends a login. While connecting, any word but ERROR is taken for
   * that, because it may be the word of a language that isn't listed, and there is little else that
   * it may mean.
   */
  private static boolean isEnd(String severity) {
    return !severity.isEmpty() && !ERROR.contains(severity);
  }

  private boolean stateMatches(@Nullable String state) {
    return state != null && states.stream().anyMatch(state::startsWith);
  }

  /**
   * Whether one of the words is in the message itself; if a cause is wanted, whether it is in the
   * message or in what one of the causes says.
   */
  private boolean wordsMatch(SQLException failure) {
    return cause == null
        ? wordsMatch(inEnglish(failure instanceof BatchUpdateException ? told(failure) : failure))
        : Causes.first(failure, at -> wordsMatch(inEnglish(at))) != null;
  }

  private boolean wordsMatch(@Nullable String message) {
    String small = message == null ? "" : plainlyQuoted(message.toLowerCase(Locale.ROOT));
    return words.stream().anyMatch(small::contains);
  }

  /**
   * Puts plain quotes in place of others: names stand in other quotes where a message is
   * translated.
   */
  private static String plainlyQuoted(String message) {
    return QUOTES.matcher(message).replaceAll("\"");
  }

  /**
   * The message; if it comes from the driver and not from the server, translated back into English.
   */
  private static @Nullable String inEnglish(Throwable failure) {
    String message = failure.getMessage();
    return message != null && failure instanceof PSQLException known && said(known) == null
        ? DriverLanguage.HERE.english(message)
        : message;
  }

  private static @Nullable ServerErrorMessage said(SQLException failure) {
    return told(failure) instanceof PSQLException known ? known.getServerErrorMessage() : null;
  }

  /**
   * The exception that has the server's own words. The failure of a batch is another exception with
   * the same SQLState: its text contains the statement, and so may contain any words. If a driver
   * around pgjdbc wraps its exceptions, their texts may contain anything, too.
   */
  private static SQLException told(SQLException failure) {
    if (failure instanceof PSQLException) {
      return failure;
    }
    if (failure.getCause() instanceof PSQLException cause && isRepeatedBy(failure, cause)) {
      return cause;
    }
    return failure.getNextException() instanceof PSQLException next && isRepeatedBy(failure, next)
        ? next
        : failure;
  }

  private static boolean isRepeatedBy(SQLException failure, PSQLException known) {
    return known.getServerErrorMessage() != null
        && Objects.equals(known.getSQLState(), failure.getSQLState());
  }

  /**
   * The function in the server's source that failed, which is never translated; null if the server
   * didn't name it.
   */
  private static @Nullable String routine(SQLException failure) {
    ServerErrorMessage said = said(failure);
    return said == null ? null : said.getRoutine();
  }

  /**
   * ERROR, FATAL or PANIC in the server's language; empty if the failure doesn't come from the
   * server.
   */
  private static String severity(SQLException failure) {
    ServerErrorMessage said = said(failure);
    String severity = said == null ? null : said.getSeverity();
    return severity == null ? "" : severity;
  }

  private static boolean among(Throwable failure, Class<? extends Throwable> cause) {
    return Causes.first(failure, cause) != null;
  }
}
