package io.everpool.core.upkeep;

import io.everpool.api.Credentials;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.core.observe.PoolEvents;
import java.sql.SQLException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Opens connections, with what a {@link CredentialsProvider} says if there is one. The provider is
 * called on the worker that opens the connection, so within its deadline and in nobody's way.
 * Thread-safe.
 */
final class Logins {
  private static final Logger log = PoolEvents.log();

  private final PoolConfig config;
  private final Connector connector;
  private final Function<Throwable, Verdict> classifier;
  private final Environment environment;
  private final @Nullable CredentialsCache cache;

  Logins(
      PoolConfig config,
      Connector connector,
      Function<Throwable, Verdict> classifier,
      Environment environment,
      @Nullable CredentialsProvider provider) {
    this.config = config;
    this.connector = connector;
    this.classifier = classifier;
    this.environment = environment;
    this.cache = provider == null ? null : new CredentialsCache(config, environment, provider);
  }

  /** Opens a connection. A refused login is tried once more if there are other credentials now. */
  Login open(long timeoutNanos) throws SQLException {
    CredentialsCache provided = cache;
    if (provided == null) {
      return new Login(connector.open(timeoutNanos), null);
    }
    long deadline = environment.time().nanoTime() + timeoutNanos;
    Answer answer = provided.get(deadline);
    try {
      return login(provided, answer, deadline);
    } catch (SQLException refusal) {
      if (isDenied(refusal)) {
        return loginInstead(provided, answer, refusal, deadline);
      }
      if (FailedConnect.isRefusedByOne(refusal, classifier)
          && provided.partRefusals.areWorthAsking()) {
        return loginInDoubt(provided, answer, refusal, deadline);
      }
      throw refusal;
    }
  }

  private boolean isDenied(Throwable failure) {
    return classifier.apply(failure) == Verdict.ACCESS_DENIED;
  }

  /** Another answer, if there is one, may be good for the host that has refused this one. */
  private Login loginInDoubt(
      CredentialsCache provided, Answer doubted, SQLException refusal, long deadline)
      throws SQLException {
    provided.doubt(doubted);
    if (deadline - environment.time().nanoTime() <= 0) {
      throw refusal; // the next opening asks
    }
    Answer other;
    try {
      other = provided.get(deadline);
    } catch (SQLException e) {
      refusal.addSuppressed(e);
      throw refusal;
    }
    if (other.isSameAs(doubted) || deadline - environment.time().nanoTime() <= 0) {
      throw refusal;
    }
    tellOfAnother();
    return login(provided, other, deadline);
  }

  private void tellOfAnother() {
    log.info(
        "Pool {}: {} has refused the login, and the CredentialsProvider says something else now",
        config.name(),
        connector.target());
  }

  private Login loginInstead(
      CredentialsCache provided, Answer refused, SQLException refusal, long deadline)
      throws SQLException {
    Answer other;
    try {
      other = provided.getInsteadOf(refused, deadline);
    } catch (SQLException e) {
      e.addSuppressed(refusal);
      throw e;
    }
    if (other.isSameAs(refused)) {
      provided.forget(other);
      throw refusal; // once more would be one more failed login, which servers count
    }
    tellOfAnother();
    try {
      return login(provided, other, deadline);
    } catch (SQLException again) {
      if (isDenied(again)) {
        provided.forget(other);
      }
      throw again;
    }
  }

  private Login login(CredentialsCache provided, Answer answer, long deadline) throws SQLException {
    long left = deadline - environment.time().nanoTime();
    if (left <= 0) {
      throw unanswered();
    }
    Credentials credentials = answer.credentials;
    if (credentials.user() == null && config.user() != null) {
      credentials = Credentials.of(config.user(), credentials.password());
    }
    Login login = new Login(connector.open(credentials, left), answer);
    provided.partRefusals.end();
    return login;
  }

  private CredentialsException unanswered() {
    return CredentialsCache.unanswered(config.connectTimeout());
  }

  /**
   * Whoever opens from now on waits for no call that is under way. What was answered before is good
   * for as long as the provider has said, or until the server refuses it.
   */
  void passBy() {
    if (cache != null) {
      cache.passBy();
    }
  }

  /**
   * What to say of a connect that was given up; null unless it's the provider that it waits for.
   */
  @Nullable SQLException whyGivenUp() {
    return cache != null && cache.isOverdue() ? unanswered() : null;
  }
}
