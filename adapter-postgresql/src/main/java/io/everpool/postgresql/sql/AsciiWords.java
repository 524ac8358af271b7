package io.everpool.postgresql.sql;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

/**
 * Finds words of SQL in the bytes of a text, in letters of any case; the words to look for are
 * given in small letters.
 */
final class AsciiWords {
  private AsciiWords() {}

  /** Whether the word is in the text, and not just a part of a longer word. */
  static boolean hasWord(byte[] text, int from, int end, byte[] word) {
    int at = find(text, from, end, word);
    while (at >= 0) {
      int after = at + word.length;
      if ((at == from || !letter(text[at - 1])) && (after == end || !letter(text[after]))) {
        return true;
      }
      at = find(text, after, end, word);
    }
    return false;
  }

  static int find(byte[] text, int from, int end, byte[] word) {
    byte first = word[0];
    for (int at = from; at <= end - word.length; at++) {
      if (lower(text[at]) == first && matches(text, at, word)) {
        return at;
      }
    }
    return -1;
  }

  static boolean matches(byte[] text, int from, byte[] word) {
    for (int i = 0; i < word.length; i++) {
      if (lower(text[from + i]) != word[i]) {
        return false;
      }
    }
    return true;
  }

  static byte lower(byte c) {
    return c >= 'A' && c <= 'Z' ? (byte) (c | 0x20) : c;
  }

  static boolean letter(byte c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '_'
        || c == '$'
        || c < 0;
  }

  static boolean space(byte c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
  }

  static byte[] ascii(String word) {
    return word.getBytes(ISO_8859_1);
  }
}
