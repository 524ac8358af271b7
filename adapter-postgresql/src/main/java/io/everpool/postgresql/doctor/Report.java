package io.everpool.postgresql.doctor;

import io.everpool.postgresql.doctor.Finding.Level;
import io.everpool.postgresql.doctor.Finding.Subject;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What the doctor has found, in the order in which it has looked. Immutable; carries no secret.
 *
 * @param findings the findings, one or more for each subject
 */
public record Report(List<Finding> findings) {

  /** Makes a report with a copy of the list. */
  public Report {
    findings = List.copyOf(findings);
  }

  /** The findings for one subject. */
  public List<Finding> of(Subject subject) {
    return findings.stream().filter(finding -> finding.subject() == subject).toList();
  }

  /** Whether a pool could work: nothing is a {@link Level#PROBLEM}. */
  public boolean works() {
    return findings.stream().noneMatch(finding -> finding.level() == Level.PROBLEM);
  }

  /** A line for each finding, and a last line that counts problems and advice. */
  @Override
  public String toString() {
    return findings.stream().map(Finding::toString).collect(Collectors.joining("\n"))
        + "\n"
        + count(Level.PROBLEM, "problem", "problems")
        + ", "
        + count(Level.ADVICE, "piece of advice", "pieces of advice");
  }

  private String count(Level level, String one, String several) {
    long count = findings.stream().filter(finding -> finding.level() == level).count();
    return count + " " + (count == 1 ? one : several);
  }
}
