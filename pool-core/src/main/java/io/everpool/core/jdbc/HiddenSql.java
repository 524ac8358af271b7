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
 * SQL of a configuration that may have a secret in it, and what may be shown of it where a server
 * quotes it: the names with which a statement begins. From the first sign, or word, that a value
 * may follow, nothing is known to be harmless: where quotes are missing or doubled a piece of the
 * secret stands outside of them. Immutable.
 */
final class HiddenSql {
  /** A shorter piece is in every text. */
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

  /** What is written often, and has words that messages have. */
  private static final Pattern PLAIN =
      Pattern.compile(
          "\\s*set session characteristics as transaction [a-z ,]+;?\\s*",
          Pattern.CASE_INSENSITIVE);

  /** States of a failure to read the SQL: then nobody knows where its literals end. */
  private static final Set<String> SYNTAX = Set.of("42601", "42000");

  private final String sql;

  HiddenSql(String sql) {
    this.sql = sql;
  }

  /**
   * The failure itself if it quotes nothing, with its causes; else another one with its state and
   * its words, and with the cause only if that quotes nothing: a lost connection is told by it.
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

  /** What is a name in the SQL and what may be secret, as one failure has it. */
  private final class Reading {
    private final Set<String> names = new HashSet<>();
    private final Set<String> secrets = new HashSet<>();

    /** What is more than one word, of which each may be short. */
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

    /** All of them if it is known where they end, else one. */
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

    /** Where the names end with which the statement begins. */
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

    /** Whether it quotes nothing, nor does anything that belongs to it. */
    boolean isHarmless(Throwable failure) {
      return FailureChain.parts(failure).stream()
          .flatMap(part -> String.valueOf(part.getMessage()).lines())
          .allMatch(line -> line.equals(show(line)));
    }

    /** The line without what it quotes; null if it can't be told from the rest. */
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
