package io.everpool.core;

import io.everpool.api.driver.Classifier;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Verdict;
import io.everpool.core.observe.Journal;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * A pool's one classifier, which every path asks: connect, examination, use, reset, close, units of
 * work. The user's rules come first, each for every SQLException in the chain of causes, the
 * outermost first; then the driver's.
 */
final class Judge implements Function<Throwable, Verdict> {
  private static final Logger log = Journal.log();

  /** Chains of causes may go in circles. */
  private static final int DEPTH = 20;

  private final String pool;
  private final List<Classifier> rules;
  private final Connector driver;

  Judge(String pool, List<Classifier> rules, Connector driver) {
    this.pool = pool;
    this.rules = List.copyOf(rules);
    this.driver = driver;
  }

  @Override
  public Verdict apply(Throwable failure) {
    if (!rules.isEmpty()) {
      Throwable at = failure;
      for (int depth = 0; at != null && depth < DEPTH; depth++) {
        if (at instanceof SQLException sql) {
          for (Classifier rule : rules) {
            Verdict verdict = ask(rule, sql);
            if (verdict != null) {
              return verdict;
            }
          }
        }
        at = at.getCause();
      }
    }
    return driver.classify(failure);
  }

  /** A rule that fails has nothing to say: the pool's own upkeep depends on an answer. */
  private @Nullable Verdict ask(Classifier rule, SQLException failure) {
    try {
      return rule.classify(failure);
    } catch (RuntimeException e) {
      log.warn("Pool {}: a classifier failed and is passed over", pool, e);
      return null;
    }
  }
}
