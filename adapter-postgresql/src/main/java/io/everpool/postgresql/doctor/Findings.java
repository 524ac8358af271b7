package io.everpool.postgresql.doctor;

import io.everpool.postgresql.doctor.Finding.Level;
import io.everpool.postgresql.doctor.Finding.Subject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Collects what is found. */
final class Findings {
  private final List<Finding> all = new ArrayList<>();

  void ok(Subject subject, String text) {
    all.add(new Finding(Level.OK, subject, text));
  }

  void advice(Subject subject, String text) {
    all.add(new Finding(Level.ADVICE, subject, text));
  }

  void problem(Subject subject, String text) {
    all.add(new Finding(Level.PROBLEM, subject, text));
  }

  void skip(Subject subject, String text) {
    all.add(new Finding(Level.SKIPPED, subject, text));
  }

  /** What comes after {@code subject}, up to the contradictions, can't be looked at. */
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
