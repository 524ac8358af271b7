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
  private Set<String> told = Set.of(); // in most pools it stays empty

  Notes(PoolConfig config, Connector connector) {
    this.config = config;
    this.connector = connector;
  }

  /** Tells all that is known when the pool opens. */
  void tellAtFirst() {
    for (Contradiction one : Contradictions.of(config, connector.serverless())) {
      log.warn("Pool {}: {}", config.name(), one.text());
    }
    tell();
  }

  /** Tells each contradiction and each note of the connector once. */
  private void tell() {
    for (Contradiction one : connector.contradictions()) {
      tell(one.text());
    }
    for (String note : connector.notes()) {
      tell(note);
    }
  }

  /**
   * As {@link #tell()}, for what the connector notes while the pool is open, as when a connection
   * has shown what lies between it and the server. Never throws: the caller has opened a connection
   * or found something out, and that doesn't fail because it can't be told.
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
