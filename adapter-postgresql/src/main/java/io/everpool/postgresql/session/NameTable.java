package io.everpool.postgresql.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the names of a database mean. The case of letters doesn't count: if two names differ in it
 * alone, both are meant. Immutable; a lookup allocates nothing.
 */
final class NameTable {
  /** A bit beside those of {@link SessionReset}: the name is a key word of SQL. */
  static final int KEYWORD = 1 << 28;

  /**
   * Another such bit: the name is that of a function, or of a type, which may have brackets behind
   * it, too.
   */
  static final int CALLABLE = 1 << 29;

  /** Stands in place of a name, in {@link #with}, for what every statement may leave. */
  static final String ALWAYS = "";

  /** The table in which nothing is known, not even which names there are. */
  static final NameTable EMPTY = new NameTable(Map.of(), List.of(), 0, 0, 0);

  /** How many bytes the server keeps of a name; it cuts longer ones off. */
  private static final int LONGEST = 63;

  private final String[] names;
  private final int[] meanings;
  private final List<String> operators;
  private final int always;
  private final int defining;
  private final int login;

  /**
   * @param meanings what each name means: bits of {@link SessionReset}, {@link #KEYWORD}, {@link
   *     #CALLABLE}
   * @param operators the operators that leave {@code ANYTHING}
   * @param always what every statement may leave
   * @param defining what a statement that defines something leaves, by event triggers
   * @param login what an event trigger leaves when a session begins
   */
  NameTable(
      Map<String, Integer> meanings, List<String> operators, int always, int defining, int login) {
    int places = Integer.highestOneBit(Math.max(1, meanings.size())) * 4;
    this.names = new String[places];
    this.meanings = new int[places];
    this.operators = List.copyOf(operators);
    this.always = always;
    this.defining = defining;
    this.login = login;
    meanings.forEach(this::put);
  }

  /** A table with this one's names and further ones. */
  NameTable with(Map<String, Integer> more) {
    Map<String, Integer> all = new HashMap<>();
    for (int i = 0; i < names.length; i++) {
      if (names[i] != null) {
        all.put(names[i], meanings[i]);
      }
    }
    more.forEach((name, bits) -> all.merge(name, bits, (a, b) -> a | b));
    Integer ofAll = all.remove(ALWAYS);
    return new NameTable(all, operators, always | (ofAll == null ? 0 : ofAll), defining, login);
  }

  private void put(String name, int meaning) {
    int place = place(name, 0, name.length());
    if (names[place] == null) {
      names[place] = name;
    }
    meanings[place] |= meaning;
  }

  /** Whether the database has been read. */
  boolean isComplete() {
    return this != EMPTY; // a table that was read has at least the key words
  }

  /**
   * What a name means: bits of {@link SessionReset}, {@link #KEYWORD} and {@link #CALLABLE}; 0 for
   * a name that isn't in the table.
   */
  int meaning(String text, int from, int to) {
    if (to - from > LONGEST / 4 && isCutOff(text, from, to)) {
      return SessionReset.ANYTHING;
    }
    return meanings[place(text, from, to)];
  }

  private static boolean isCutOff(String text, int from, int to) {
    int bytes = 0;
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
    }
    return bytes > LONGEST;
  }

  /** The place in the table where a name is, or would be. */
  private int place(String text, int from, int to) {
    int hash = 0;
    for (int i = from; i < to; i++) {
      hash = 31 * hash + fold(text.charAt(i));
    }
    int place = (hash ^ (hash >>> 15)) & (names.length - 1);
    while (names[place] != null && !isName(names[place], text, from, to)) {
      place = (place + 1) & (names.length - 1);
    }
    return place;
  }

  private static boolean isName(String name, String text, int from, int to) {
    return name.length() == to - from && name.regionMatches(true, 0, text, from, to - from);
  }

  /**
   * The character in small letters. ASCII is handled first: nearly all characters are ASCII, and a
   * database has thousands of names to read.
   */
  private static char fold(char c) {
    if (c < 0x80) {
      return c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c;
    }
    return Character.toLowerCase(Character.toUpperCase(c));
  }

  /** What the operators leave that this run of operator characters may contain. */
  int ofOperators(String text, int from, int to) {
    for (String operator : operators) {
      for (int at = from; at + operator.length() <= to; at++) {
        if (text.startsWith(operator, at)) {
          return SessionReset.ANYTHING;
        }
      }
    }
    return 0;
  }

  boolean hasOperators() {
    return !operators.isEmpty();
  }

  /** What every statement may leave. */
  int always() {
    return always;
  }

  /** What a statement that defines something may leave. */
  int defining() {
    return defining;
  }

  /** What each session is left with when it begins; no reset brings that back. */
  int login() {
    return login;
  }

  /** The names that leave something in a session, in alphabetical order. */
  List<String> tracing() {
    List<String> tracing = new ArrayList<>();
    for (int i = 0; i < names.length; i++) {
      if (names[i] != null
          && (meanings[i] & SessionReset.ALL & ~SessionReset.READ_ONLY) != 0
          && (meanings[i] & KEYWORD) == 0) {
        tracing.add(names[i]);
      }
    }
    tracing.sort(null);
    return tracing;
  }
}
