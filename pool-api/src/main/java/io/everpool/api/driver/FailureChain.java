package io.everpool.api.driver;

import io.everpool.api.Verdict;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * All the SQLExceptions that one failure is made of, for classifiers. A failure has causes, and
 * each SQLException among them may have next ones beside it ({@link
 * SQLException#getNextException()}): a batch hides there what has really happened to it. Either may
 * go in circles. Immutable.
 */
public final class FailureChain {

  /** How many exceptions are looked at; a batch may bring thousands. */
  private static final int MOST = 1000;

  /** Rows of causes: the row of the failure itself first, then those of the next exceptions. */
  private final List<List<SQLException>> rows;

  private FailureChain(List<List<SQLException>> rows) {
    this.rows = rows;
  }

  /** What {@code failure} is made of; nothing if there is no SQLException in it. */
  public static FailureChain of(Throwable failure) {
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    List<Throwable> heads = new ArrayList<>(List.of(failure));
    List<List<SQLException>> rows = new ArrayList<>();
    for (int i = 0; i < heads.size(); i++) {
      List<SQLException> row = new ArrayList<>();
      for (Throwable at = heads.get(i);
          at != null && seen.size() < MOST && seen.add(at);
          at = at.getCause()) {
        if (at instanceof SQLException sql) {
          row.add(sql);
          SQLException next = sql.getNextException();
          if (next != null) {
            heads.add(next);
          }
        }
      }
      rows.add(row);
    }
    return new FailureChain(rows);
  }

  /**
   * All that a failure consists of, itself first: causes, next exceptions and suppressed ones, and
   * theirs, each once. For whoever looks for a text that must not be shown.
   */
  public static List<Throwable> parts(Throwable failure) {
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    List<Throwable> parts = new ArrayList<>();
    add(failure, seen, parts);
    for (int i = 0; i < parts.size(); i++) {
      Throwable at = parts.get(i);
      add(at.getCause(), seen, parts);
      if (at instanceof SQLException sql) {
        add(sql.getNextException(), seen, parts);
      }
      for (Throwable suppressed : at.getSuppressed()) {
        add(suppressed, seen, parts);
      }
    }
    return parts;
  }

  private static void add(@Nullable Throwable part, Set<Throwable> seen, List<Throwable> parts) {
    if (part != null && seen.add(part)) {
      parts.add(part);
    }
  }

  /**
   * What a rule says of the whole failure. In a row of causes the outermost exception that the rule
   * knows counts, for whoever has thrown it has wrapped the others knowingly. Of the rows' verdicts
   * a fatal one counts, wherever it is; if none is fatal, the first counts.
   *
   * @param rule returns null for an exception of which it says nothing
   * @return null if the rule knows none of them
   */
  public @Nullable Verdict find(Function<SQLException, @Nullable Verdict> rule) {
    Verdict first = null;
    for (List<SQLException> row : rows) {
      Verdict verdict = outermost(row, rule);
      if (verdict != null && verdict.fatal()) {
        return verdict;
      }
      first = first == null || first == Verdict.STATEMENT_FAILED ? better(first, verdict) : first;
    }
    return first;
  }

  /** As {@link #find}; {@link Verdict#STATEMENT_FAILED} for what the rule doesn't know. */
  public Verdict verdict(Function<SQLException, @Nullable Verdict> rule) {
    Verdict found = find(rule);
    return found == null ? Verdict.STATEMENT_FAILED : found;
  }

  private static @Nullable Verdict better(@Nullable Verdict one, @Nullable Verdict other) {
    return other == null ? one : other;
  }

  private static @Nullable Verdict outermost(
      List<SQLException> row, Function<SQLException, @Nullable Verdict> rule) {
    for (SQLException failure : row) {
      Verdict verdict = rule.apply(failure);
      if (verdict != null) {
        return verdict;
      }
    }
    return null;
  }
}
