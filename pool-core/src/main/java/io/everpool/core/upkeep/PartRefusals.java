package io.everpool.core.upkeep;

import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.core.policy.Reconnect;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How often a provider is asked anew because one of several hosts has refused a login, while
 * another host is away and may let it in later: as seldom as a login is tried that all refuse. The
 * host that is away is tried more often than that, and the provider may well have nothing else to
 * say. Thread-safe.
 */
final class PartRefusals {
  private final PoolConfig config;
  private final Environment environment;
  private final ReentrantLock lock = new ReentrantLock();

  // ---- under the lock

  /** How often it was asked since a login succeeded. */
  private int asked;

  private long notBefore;

  PartRefusals(PoolConfig config, Environment environment) {
    this.config = config;
    this.environment = environment;
  }

  /** Whether it is to be asked now; whoever is told so asks. */
  boolean areWorthAsking() {
    long now = environment.time().nanoTime();
    lock.lock();
    try {
      if (asked > 0 && now - notBefore < 0) {
        return false;
      }
      asked++;
      notBefore =
          now
              + Reconnect.pause(
                  Verdict.ACCESS_DENIED,
                  asked,
                  true,
                  config.retry().initialBackoff().toNanos(),
                  config.retry().maxBackoff().toNanos(),
                  environment.random().getAsDouble());
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** A login has succeeded. */
  void end() {
    lock.lock();
    try {
      asked = 0;
    } finally {
      lock.unlock();
    }
  }
}
