package io.everpool.core;

import io.everpool.api.Contradiction;
import io.everpool.api.Contradictions;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.core.observe.GuardedCall;
import io.everpool.core.observe.PoolEvents;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;

/**
 * Warns of what an operator should know before anything goes wrong: settings that contradict one
 * another, and what a connector has noted of its URL or of the server. Thread-safe.
 */
final class Notes {
  private static final Logger log = PoolEvents.log();

  private final PoolConfig config;
  private final Connector connector;
  private Set<String> told = Set.of(); // of most pools it stays so

  Notes(PoolConfig config, Connector connector) {
    this.config = config;
    this.connector = connector;
  }

  /** All that is known when the pool opens. */
  void tellAtFirst() {
    for (Contradiction one : Contradictions.of(config, connector.serverless())) {
      log.warn("Pool {}: {}", config.name(), one.text());
    }
    tell();
  }

  /** Each contradiction and each note of the connector once. */
  private void tell() {
    for (Contradiction one : connector.contradictions()) {
      tell(one.text());
    }
    for (String note : connector.notes()) {
      tell(note);
    }
  }

  /**
   * As {@link #tell()}, whenever there may be more of them once the pool is open, as when a
   * connection has shown what lies between. To whoever has opened a connection, or has found
   * something out, it is no failure that this can't be said.
   */
  void tellMore() {
    GuardedCall.survives(config.name(), "asking the connector for its notes", this::tell);
  }

  private void tell(String text) {
    if (isNews(text)) {
      log.warn("Pool {}: {}", config.name(), text);
    }
  }

  private synchronized boolean isNews(String text) {
    if (told.isEmpty()) {
      told = new HashSet<>();
    }
    return told.add(text);
  }
}
