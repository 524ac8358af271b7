package io.everpool.postgresql.sql;

import static io.everpool.postgresql.sql.AsciiWords.letter;
import static io.everpool.postgresql.sql.AsciiWords.space;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Looks behind each semicolon of a text, wherever that stands, for a statement that may write
 * unseen ({@link StatementText#mayWriteUnseen}). The time that this takes grows no faster than the
 * text, though the same comments, brackets and words may follow many semicolons. For that, each
 * place is looked at only once, because the result doesn't depend on the semicolon; the ends of all
 * comments are found together; and of each word that may stand anywhere in the rest, only its last
 * place is remembered.
 */
final class UnseenWrites {
  private final byte[] text;
  private final int from;
  private final int end;
  private final boolean whole;

  /** The places where it was already looked at whether a statement begins. */
  private final BitSet seen = new BitSet();

  private final Map<String, Integer> lastOfWords = new HashMap<>();
  private @Nullable Map<Integer, Integer> commentEnds;
  private int lineFrom;
  private int lineEnd = -1;

  /**
   * @param whole whether the text ends there
   */
  UnseenWrites(byte[] text, int from, int end, boolean whole) {
    this.text = text;
    this.from = from;
    this.end = end;
    this.whole = whole;
  }

  boolean any() {
    for (int at = from; at < end; at++) {
      if ((at == from || text[at - 1] == ';') && isBehind(at)) {
        return true;
      }
    }
    return false;
  }

  private boolean isBehind(int semicolon) {
    int at = semicolon;
    while (at < end && !seen.get(at)) {
      seen.set(at);
      byte c = text[at];
      byte following = at + 1 < end ? text[at + 1] : 0;
      if (space(c) || c == '(') {
        at++;
      } else if (c == '-' && following == '-') {
        at = endOfLine(at);
      } else if (c == '/' && following == '*') {
        at = afterComment(at);
      } else {
        return letter(c) && new StatementText(text, at, end, whole).writesUnseen(this);
      }
    }
    // no statement begins here, or this place is behind another semicolon as well and was looked at
    return false;
  }

  /** Whether the word stands here or further behind, and is not just a part of a longer word. */
  boolean follows(byte[] word, int at) {
    String name = new String(word, ISO_8859_1);
    return lastOfWords.computeIfAbsent(name, absent -> lastOf(word)) >= at;
  }

  private int lastOf(byte[] word) {
    for (int at = end - word.length; at >= from; at--) {
      int after = at + word.length;
      if (AsciiWords.matches(text, at, word)
          && (at == from || !letter(text[at - 1]))
          && (after == end || !letter(text[after]))) {
        return at;
      }
    }
    return -1;
  }

  private int endOfLine(int comment) {
    if (comment < lineFrom || comment > lineEnd) {
      lineFrom = comment;
      lineEnd = comment;
      while (lineEnd < end && text[lineEnd] != '\n' && text[lineEnd] != '\r') {
        lineEnd++;
      }
    }
    return lineEnd;
  }

  /** The place behind a comment; such comments nest. */
  private int afterComment(int begin) {
    Map<Integer, Integer> ends = commentEnds;
    if (ends == null) {
      ends = findComments();
      commentEnds = ends;
    }
    return ends.getOrDefault(begin, end);
  }

  /** For the beginning of each comment that has an end, the place behind that end. */
  private Map<Integer, Integer> findComments() {
    Map<Integer, Integer> ends = new HashMap<>();
    Deque<Integer> open = new ArrayDeque<>();
    int at = from;
    while (at + 1 < end) {
      if (text[at] == '/' && text[at + 1] == '*') {
        open.push(at);
        at += 2;
      } else if (text[at] == '*' && text[at + 1] == '/') {
        at += 2;
        if (!open.isEmpty()) {
          ends.put(open.pop(), at);
        }
      } else {
        at++;
      }
    }
    return ends;
  }
}
