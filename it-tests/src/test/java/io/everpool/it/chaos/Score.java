package io.everpool.it.chaos;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What became of one application's work so far. Thread-safe for one writer and many readers. */
final class Score {
  private static final int REMEMBERED = 10;

  /** Each is a transfer, unless it says otherwise. */
  enum Figure {
    ACKNOWLEDGED("transfers acknowledged"),
    REFUSED("refused"),
    UNKNOWN("unknown, and said so"),
    UNKNOWN_THERE("  of these found there"),
    UNKNOWN_WITHOUT_CRASH("  of these without a crash"),
    RESOLVED_COMMITTED("lost COMMITs found committed"),
    RESOLVED_ABORTED("lost COMMITs found aborted, rerun"),
    READS("reads"),
    REPEATABLE("repeatable writes"),
    NOTES("plain JDBC writes acknowledged"),
    NOTES_FAILED("plain JDBC writes that failed"),
    NOTES_FAILED_THERE("  of these found there"),
    ERRORS("errors seen by the application"),
    LOST("LOST: acknowledged, not there"),
    DOUBLED("DOUBLED: there more than once"),
    WRONGLY_RESOLVED("WRONGLY RESOLVED: refused, and there"),
    WRONG("WRONG otherwise (money, reads, stuck)");

    private final String text;

    Figure(String text) {
      this.text = text;
    }

    String text() {
      return text;
    }

    /** Whether the figure has to be zero. */
    boolean flaw() {
      return compareTo(LOST) >= 0;
    }
  }

  private final String name;
  private final Map<Figure, Long> figures = new EnumMap<>(Figure.class);
  private final List<String> flaws = new ArrayList<>();
  private final List<String> remarks = new ArrayList<>();
  private final Map<String, Long> errors = new TreeMap<>();

  Score(String name) {
    this.name = name;
  }

  String name() {
    return name;
  }

  synchronized void add(Figure figure, long more) {
    figures.merge(figure, more, Long::sum);
  }

  synchronized long get(Figure figure) {
    return figures.getOrDefault(figure, 0L);
  }

  /** Something that must not be. */
  synchronized void flaw(Figure figure, String what) {
    add(figure, 1);
    if (flaws.size() < REMEMBERED) {
      flaws.add(what);
    }
  }

  /** Something that need not be a flaw, and is worth a look. */
  synchronized void remark(String what) {
    if (remarks.size() < REMEMBERED) {
      remarks.add(what);
    }
  }

  /** The first of them. */
  synchronized List<String> remarks() {
    return List.copyOf(remarks);
  }

  /** The first of them. */
  synchronized List<String> flaws() {
    return List.copyOf(flaws);
  }

  synchronized void errors(Map<String, Long> more) {
    more.forEach((kind, count) -> errors.merge(kind, count, Long::sum));
    more.values().forEach(count -> add(Figure.ERRORS, count));
  }

  synchronized Map<String, Long> errors() {
    return new TreeMap<>(errors);
  }
}
