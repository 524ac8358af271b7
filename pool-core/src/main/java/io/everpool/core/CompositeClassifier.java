package io.everpool.core;

import static java.util.Objects.requireNonNull;

import io.everpool.api.Classifier;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.FailureChain;
import io.everpool.core.observe.CallbackFailures;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Repeats;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * A pool's one classifier, which every path asks: connect, examination, use, reset, close, units of
 * work. The user's rules are asked first, about every SQLException that the failure is made of
 * ({@link FailureChain}); then the driver is asked. Never throws.
 */
final class CompositeClassifier implements Function<Throwable, Verdict> {
  private static final Logger log = PoolEvents.log();

  private final String pool;
  private final List<Classifier> rules;
  private final Connector driver;
  private final CallbackFailures failures;

  /**
   * @param clock limits how often the log tells of a classifier that fails
   */
  CompositeClassifier(String pool, List<Classifier> rules, Connector driver, LongSupplier clock) {
    this.failures = new CallbackFailures(clock);
    this.pool = pool;
    this.rules = List.copyOf(rules);
    this.driver = driver;
  }

  @Override
  public Verdict apply(Throwable failure) {
    Verdict verdict = rules.isEmpty() ? null : FailureChain.of(failure).find(this::ask);
    return verdict == null ? askDriver(failure) : verdict;
  }

  private @Nullable Verdict ask(SQLException failure) {
    for (Classifier rule : rules) {
      Verdict verdict = ask(rule, failure);
      if (verdict != null) {
        return verdict;
      }
    }
    return null;
  }

  /** A rule that fails counts as having no opinion: whoever asks depends on an answer. */
  private @Nullable Verdict ask(Classifier rule, SQLException failure) {
    try {
      return rule.classify(failure);
    } catch (Throwable e) {
      tell(rule, "Pool {}: a classifier failed and is passed over", e);
      return null;
    }
  }

  /** If the driver can't say what its own failure means, the connection isn't kept. */
  private Verdict askDriver(Throwable failure) {
    try {
      return requireNonNull(driver.classify(failure), "no verdict");
    } catch (Throwable e) {
      tell(driver, "Pool {}: the driver's classifier failed; the connection is given up", e);
      return Verdict.CONNECTION_LOST;
    }
  }

  /** Logs this, but not each time: there may be many failures to be judged. */
  private void tell(Object failed, String line, Throwable thrown) {
    int untold = failures.news(failed, line, thrown);
    Repeats.warn(log, untold, line, pool, thrown);
  }
}
