package io.everpool.core.jdbc;

import io.everpool.api.Redaction;
import io.everpool.api.driver.FailureChain;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * SQL of a configuration, which may contain a secret, and what may be shown of it where a server
 * quotes it: only the names with which a statement begins. From the first sign or word on that a
 * value may follow, nothing is known to be harmless: if quotes are missing or doubled, a piece of
 * the secret stands outside of them. Immutable.
 */
final class HiddenSql {
  /** Pieces up to this length aren't hidden: every text has some of them. */
  private static final int SHORT = 3;

  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{M}\\p{N}_]+");
  private static final Pattern NAME = Pattern.compile("[\\p{L}_][\\p{L}\\p{M}\\p{N}_.]{0,126}");
  private static final Pattern NAMES = Pattern.compile("[\\s\\p{L}\\p{M}\\p{N}_.]*");
  private static final Pattern PIECES = Pattern.compile("[\\s'\"`;]+");

  /**
   * A piece in quotes, in whatever language the server speaks; one that isn't closed goes to the
   * end. A quote behind a letter is an apostrophe.
   */
  private static final Pattern QUOTED =
      Pattern.compile(
          "\"[^\"]*(?:\"|$)|«[^»]*(?:»|$)|»[^«]*(?:«|$)|[„“”][^“”]*(?:[“”]|$)|‚[^‘’]*(?:[‘’]|$)"
              + "|「[^」]*(?:」|$)|『[^』]*(?:』|$)|`[^`']*(?:[`']|$)"
              + "|(?<![\\p{L}\\p{N}])['‘][^'’]*(?:['’]|$)");

  private static final String CLOSING = "\"»«“”‘’'`」』";

  /** Words that a value follows. */
  private static final Set<String> BEFORE_VALUES =
      Set.of("to", "password", "by", "as", "value", "values", "using", "is", "like");

  /** Words between {@code set} and the name that is set. */
  private static final Set<String> SCOPES = Set.of("session", "local", "global");

  /** SQL that is written often and has no secret, but has words that messages have, too. */
  private static final Pattern PLAIN =
      Pattern.compile(
          "\\s*set session characteristics as transaction [a-z ,]+;?\\s*",
          Pattern.CASE_INSENSITIVE);

  /** SQLStates of a server that couldn't read the SQL: then nobody knows where its literals end. */
  private static final Set<String> SYNTAX = Set.of("42601", "42000");

  private final String sql;

  HiddenSql(String sql) {
    this.sql = sql;
  }

  /**
   * Returns the failure itself if neither it nor its causes quote the SQL. Otherwise returns
   * another one with the same state and with what may be shown of its message. The cause is kept
   * only if it quotes nothing, because a lost connection is recognised by it.
   */
  SQLException hidden(SQLException failure) {
    Reading reading = new Reading(failure.getSQLState());
    if (PLAIN.matcher(sql).matches() || reading.isHarmless(failure)) {
      return failure;
    }
    String first = String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
    String shown = reading.show(first);
    SQLException hidden =
        new SQLException(
            shown == null ? "what was said of it isn't shown, for it quotes the SQL" : shown,
            failure.getSQLState(),
            failure.getErrorCode());
    hidden.setStackTrace(failure.getStackTrace());
    Throwable cause = failure.getCause();
    if (cause != null && reading.isHarmless(cause)) {
      hidden.initCause(cause);
    }
    return hidden;
  }

  /** Which words of the SQL are names and which may be secret, for one failure. */
  private final class Reading {
    private final Set<String> names = new HashSet<>();
    private final Set<String> secrets = new HashSet<>();

    /** Pieces of more than one word; each of these words may be short. */
    private final List<String> pieces = new ArrayList<>();

    Reading(@Nullable String state) {
      StringBuilder rest = new StringBuilder();
      for (String statement : statements(state == null || SYNTAX.contains(state))) {
        rest.append(statement, readNames(statement), statement.length()).append(' ');
      }
      Set<String> hidden = new HashSet<>();
      addWords(rest.toString(), hidden);
      names.removeAll(hidden);
      hidden.stream().filter(word -> word.length() > SHORT).forEach(secrets::add);
      PIECES
          .splitAsStream(rest.toString().toLowerCase(Locale.ROOT))
          .filter(piece -> piece.length() > SHORT && !WORD.matcher(piece).matches())
          .forEach(pieces::add);
    }

    /** The statements of the SQL if it is known where they end; otherwise all of it as one. */
    private List<String> statements(boolean unread) {
      PlainLiterals literals = new PlainLiterals(sql);
      List<String> statements = new ArrayList<>();
      int from = 0;
      for (int i = 0; i < sql.length() && !unread; i++) {
        if (sql.charAt(i) == ';' && !literals.contain(i)) {
          statements.add(sql.substring(from, i));
          from = i + 1;
        }
      }
      statements.add(sql.substring(from));
      return literals.areClear(sql.length()) ? statements : List.of(sql);
    }

    /** Notes the names with which the statement begins, and returns where they end. */
    private int readNames(String statement) {
      Matcher plain = NAMES.matcher(statement);
      int end = plain.lookingAt() ? plain.end() : 0;
      boolean set = false;
      Matcher word = Pattern.compile("\\S+").matcher(statement).region(0, end);
      while (word.find()) {
        String small = word.group().toLowerCase(Locale.ROOT);
        addWords(small, names);
        if (BEFORE_VALUES.contains(small) || (set && !SCOPES.contains(small))) {
          return word.end();
        }
        set |= small.equals("set");
      }
      return end;
    }

    private void addWords(String text, Collection<String> words) {
      Matcher word = WORD.matcher(text.toLowerCase(Locale.ROOT));
      while (word.find()) {
        words.add(word.group());
      }
    }

    /** Whether the failure quotes nothing, nor does any other that hangs on it. */
    boolean isHarmless(Throwable failure) {
      return FailureChain.parts(failure).stream()
          .flatMap(part -> String.valueOf(part.getMessage()).lines())
          .allMatch(line -> line.equals(show(line)));
    }

    /** The line without what it quotes; null if the quoted part can't be told from the rest. */
    @Nullable String show(String line) {
      StringBuilder shown = new StringBuilder();
      Matcher quoted = QUOTED.matcher(line);
      int from = 0;
      while (quoted.find()) {
        shown.append(withoutSecrets(line.substring(from, quoted.start())));
        String piece = quoted.group();
        boolean closed =
            piece.length() > 1 && CLOSING.indexOf(piece.charAt(piece.length() - 1)) >= 0;
        int end = piece.length() - (closed ? 1 : 0);
        String within = piece.substring(1, end);
        shown
            .append(piece, 0, 1)
            .append(isHarmless(within.strip()) ? within : Redaction.MASK)
            .append(piece, end, piece.length());
        from = quoted.end();
      }
      shown.append(withoutSecrets(line.substring(from)));
      String small = shown.toString().toLowerCase(Locale.ROOT);
      return pieces.stream().anyMatch(small::contains) ? null : shown.toString();
    }

    private boolean isHarmless(String quoted) {
      Set<String> words = new HashSet<>();
      addWords(quoted, words);
      return quoted.isEmpty() || (NAME.matcher(quoted).matches() && names.containsAll(words));
    }

    private String withoutSecrets(String text) {
      return WORD.matcher(text)
          .replaceAll(
              word ->
                  secrets.contains(word.group().toLowerCase(Locale.ROOT))
                      ? Redaction.MASK
                      : word.group());
    }
  }
}
