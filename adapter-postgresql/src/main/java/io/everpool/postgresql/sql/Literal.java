package io.everpool.postgresql.sql;

/** Looks into strings, in whatever way their contents are written. */
public final class Literal {
  private Literal() {}

  /**
   * Whether the string contains the word, in letters of any case, any of which may be escaped as in
   * {@code E'...'} or {@code U&'...'}. In doubt the answer is yes: both kinds of escapes are looked
   * for in every string. Allocates nothing.
   *
   * @param word the word, in ASCII and in lower case
   */
  public static boolean contains(String sql, int from, int to, String word) {
    for (int at = from; at < to; at++) {
      if (goesOn(sql, at, to, word, 0)) {
        return true;
      }
    }
    return false;
  }

  /** Whether the rest of the word, from this letter on, stands at this place. */
  private static boolean goesOn(String sql, int at, int to, String word, int letter) {
    if (letter == word.length()) {
      return true;
    }
    if (at >= to) {
      return false;
    }
    if (isLetter(sql.charAt(at), word, letter)) {
      return goesOn(sql, at + 1, to, word, letter + 1);
    }
    if (sql.charAt(at) != '\\' || at + 1 >= to) {
      return false;
    }
    int escape = at + 1;
    boolean byNumber =
        switch (sql.charAt(escape)) {
          case 'x' -> isNumber(sql, escape + 1, to, 16, 1, 2, word, letter);
          case 'u' -> isNumber(sql, escape + 1, to, 16, 4, 4, word, letter);
          case 'U' -> isNumber(sql, escape + 1, to, 16, 8, 8, word, letter);
          case '+' -> isNumber(sql, escape + 1, to, 16, 6, 6, word, letter);
          default ->
              isNumber(sql, escape, to, 8, 1, 3, word, letter)
                  || isNumber(sql, escape, to, 16, 4, 4, word, letter);
        };
    return byNumber
        || (isLetter(sql.charAt(escape), word, letter) // the letter may be escaped without need
            && goesOn(sql, escape + 1, to, word, letter + 1));
  }

  /** Whether the digits here are the letter's number, and the rest of the word follows. */
  private static boolean isNumber(
      String sql, int from, int to, int radix, int least, int most, String word, int letter) {
    int number = 0;
    int at = from;
    while (at < to && at - from < most && Character.digit(sql.charAt(at), radix) >= 0) {
      number = number * radix + Character.digit(sql.charAt(at), radix);
      at++;
    }
    return at - from >= least
        && isLetter(number, word, letter)
        && goesOn(sql, at, to, word, letter + 1);
  }

  private static boolean isLetter(int c, String word, int letter) {
    return Character.toLowerCase(c) == word.charAt(letter);
  }
}
