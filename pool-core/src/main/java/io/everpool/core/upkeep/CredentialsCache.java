package io.everpool.core.upkeep;

import io.everpool.api.Credentials;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.PoolConfig;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Repeats;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Asks a provider of credentials, and keeps what it says until that expires. Thread-safe.
 *
 * <p>Several openings at once ask once, and share the answer. A call that hasn't returned within
 * connect-timeout is passed by: the next opening asks anew, because that call may never return.
 */
final class CredentialsCache {
  private static final Logger log = PoolEvents.log();

  private final PoolConfig config;
  private final Environment environment;
  private final CredentialsProvider provider;

  /** How often this is asked though not every host has refused the login. */
  final PartRefusals partRefusals;

  private final Repeats<Class<?>> failures = new Repeats<>();
  private final ReentrantLock lock = new ReentrantLock();

  // ---- under the lock

  private long numbers;
  private @Nullable Answer kept;
  private @Nullable Asking underWay;

  /** An answer that is kept but has to be asked for anew; it stays good if the provider fails. */
  private @Nullable Answer doubted;

  /** What calls up to this number answer from now on is out of date, and isn't kept. */
  private long passedBy;

  /** A call of the provider. */
  private static final class Asking {
    final CompletableFuture<Answer> answer = new CompletableFuture<>();
    final long number;

    /** The number of the answer whose refusal has caused this call; 0 for none. */
    final long after;

    final long begun;

    Asking(long number, long after, long begun) {
      this.number = number;
      this.after = after;
      this.begun = begun;
    }
  }

  CredentialsCache(PoolConfig config, Environment environment, CredentialsProvider provider) {
    this.config = config;
    this.environment = environment;
    this.provider = provider;
    this.partRefusals = new PartRefusals(config, environment);
  }

  /**
   * What to log in with.
   *
   * @throws CredentialsException if the provider doesn't say, or not in time
   */
  Answer get(long deadline) throws CredentialsException {
    return get(null, deadline);
  }

  /** What to log in with now that the server has refused an answer, which is forgotten. */
  Answer getInsteadOf(Answer refused, long deadline) throws CredentialsException {
    return get(refused, deadline);
  }

  /**
   * One of several hosts has refused this answer: whoever wants one next asks the provider. While
   * the provider is asked, and if it fails, this answer is still good for the other hosts.
   */
  void doubt(Answer refused) {
    lock.lock();
    try {
      doubted = refused;
    } finally {
      lock.unlock();
    }
  }

  /** Forgets an answer that the server has refused. */
  void forget(Answer refused) {
    lock.lock();
    try {
      if (kept == refused) {
        kept = null;
      }
    } finally {
      lock.unlock();
    }
  }

  /** From now on nobody joins the call that is under way, and its answer isn't kept for others. */
  void passBy() {
    lock.lock();
    try {
      underWay = null;
      doubted = null;
      passedBy = numbers;
    } finally {
      lock.unlock();
    }
  }

  /** Whether a call of the provider goes on for longer than openings can bear. */
  boolean isOverdue() {
    lock.lock();
    try {
      return underWay != null && now() - underWay.begun >= timeout() / 2;
    } finally {
      lock.unlock();
    }
  }

  static CredentialsException unanswered(Duration connectTimeout) {
    return CredentialsException.useless(
        "the CredentialsProvider has not answered within connect-timeout ("
            + connectTimeout.toMillis()
            + " ms)");
  }

  private long now() {
    return environment.time().nanoTime();
  }

  private long timeout() {
    return config.connectTimeout().toNanos();
  }

  private Answer get(@Nullable Answer refused, long deadline) throws CredentialsException {
    while (true) {
      Asking joined;
      Asking own = null;
      lock.lock();
      try {
        if (kept == refused) {
          kept = null;
        }
        // While a call goes on what is kept is good enough: the call may hang.
        boolean good = kept != doubted || underWay != null;
        if (kept != null && good && kept.isFresh(now())) {
          return kept;
        }
        joined = underWay;
        if (joined == null || !isAnswerFor(refused, joined)) {
          joined = null;
          own = new Asking(++numbers, refused == null ? 0 : refused.number, now());
          underWay = own;
        }
      } finally {
        lock.unlock();
      }
      if (own != null) {
        return ask(own, refused);
      }
      Answer answer = joined == null ? null : await(joined, deadline);
      if (answer != null) {
        return answer;
      }
    }
  }

  /**
   * An opening that the server has refused joins only a call that was made for such a reason: an
   * earlier call may bring the old answer.
   */
  private boolean isAnswerFor(@Nullable Answer refused, Asking asking) {
    return now() - asking.begun < timeout() && (refused == null || asking.after >= refused.number);
  }

  /** Waits for the answer of a call that goes on; null if that takes too long. */
  private @Nullable Answer await(Asking joined, long deadline) throws CredentialsException {
    long left = deadline - now();
    if (left <= 0) {
      throw unanswered(config.connectTimeout());
    }
    try {
      long patience = Math.min(left, joined.begun + timeout() - now());
      return joined.answer.get(Math.max(0, patience), TimeUnit.NANOSECONDS);
    } catch (TimeoutException | CancellationException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw CredentialsException.of(e);
    } catch (ExecutionException e) {
      throw CredentialsException.of(e.getCause());
    }
  }

  private Answer ask(Asking own, @Nullable Answer refused) throws CredentialsException {
    try {
      Answer answer = settle(own, checked(own.number, provider.credentials()));
      own.answer.complete(answer);
      return answer;
    } catch (Throwable e) {
      Answer old = settle(own);
      if (refused == null && old != null && old.isValid(now())) {
        tellOfFailure(e);
        own.answer.complete(old);
        return old;
      }
      CredentialsException failure = CredentialsException.of(e);
      own.answer.completeExceptionally(failure);
      throw failure;
    } finally {
      own.answer.cancel(false); // does nothing to one that is complete
    }
  }

  /**
   * Logs this, but not each time: each opening asks now, and while connects fail there are many.
   */
  private void tellOfFailure(Throwable thrown) {
    int untold = failures.news(thrown.getClass(), now());
    String line =
        "Pool {}: the CredentialsProvider fails; what it has said before is good for a little"
            + " longer";
    Repeats.warn(log, untold, line, config.name(), thrown);
  }

  /** A call has returned an answer, which is kept if it can be; returns the one to go on with. */
  private Answer settle(Asking own, Answer answer) {
    lock.lock();
    try {
      settle(own);
      Answer before = kept;
      if (before != null && before.isSameAs(answer)) {
        return before; // the provider keeps its answers itself
      }
      if (own.number > passedBy && (before == null || before.number < answer.number)) {
        kept = answer.expires() ? answer : null;
      }
      return answer;
    } finally {
      lock.unlock();
    }
  }

  /** A call has come to its end. Returns what is kept. */
  private @Nullable Answer settle(Asking own) {
    lock.lock();
    try {
      if (underWay == own) {
        underWay = null;
      }
      doubted = null;
      return kept;
    } finally {
      lock.unlock();
    }
  }

  private Answer checked(long number, @Nullable Credentials credentials)
      throws CredentialsException {
    if (credentials == null) {
      throw CredentialsException.useless("the CredentialsProvider has returned null");
    }
    Instant end = credentials.expiresAt();
    if (end == null) {
      return new Answer(number, credentials, now(), 0);
    }
    Instant today = environment.clock().instant();
    if (!today.isBefore(end)) {
      throw CredentialsException.useless(
          "what the CredentialsProvider has returned has expired at "
              + end
              + ", and this machine's clock says "
              + today);
    }
    Duration life =
        end.isAfter(today.plus(PoolConfig.LONGEST_DURATION))
            ? PoolConfig.LONGEST_DURATION
            : Duration.between(today, end);
    return new Answer(number, credentials, now(), life.toNanos());
  }
}
