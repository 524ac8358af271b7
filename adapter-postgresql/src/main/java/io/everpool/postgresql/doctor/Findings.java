package io.everpool.postgresql.doctor;

import io.everpool.postgresql.doctor.Finding.Level;
import io.everpool.postgresql.doctor.Finding.Subject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Collects what is found. */
final class Findings {
  private final List<Finding> all = new ArrayList<>();

  /** The indexes of those findings that are problems only if no other way leads to a server. */
  private final List<Integer> deadEnds = new ArrayList<>();

  void ok(Subject subject, String text) {
    all.add(new Finding(Level.OK, subject, text));
  }

  void advice(Subject subject, String text) {
    all.add(new Finding(Level.ADVICE, subject, text));
  }

  void problem(Subject subject, String text) {
    all.add(new Finding(Level.PROBLEM, subject, text));
  }

  /** Adds a problem, which becomes mere advice if {@link #anotherWay} is called. */
  void deadEnd(Subject subject, String text) {
    deadEnds.add(all.size());
    problem(subject, text);
  }

  /**
   * Is called when connections can be opened in spite of the dead ends. Somebody should see to
   * these all the same, so they become advice.
   */
  void anotherWay() {
    for (int i : deadEnds) {
      Finding one = all.get(i);
      all.set(
          i,
          new Finding(
              Level.ADVICE,
              one.subject(),
              one.text() + " (connections go to another host or address)"));
    }
    deadEnds.clear();
  }

  void skip(Subject subject, String text) {
    all.add(new Finding(Level.SKIPPED, subject, text));
  }

  /** Notes that what comes after {@code subject}, up to the contradictions, can't be looked at. */
  void skipAfter(Subject subject) {
    for (Subject later : Subject.values()) {
      if (later.compareTo(subject) > 0 && later.compareTo(Subject.NOTES) < 0) {
        String before = subject.name().toLowerCase(Locale.ROOT);
        skip(later, "not looked at, because of the " + before);
      }
    }
  }

  Report report() {
    return new Report(all);
  }
}
