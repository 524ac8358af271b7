package io.everpool.core;

import io.everpool.api.Contradiction;
import io.everpool.api.Contradictions;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.core.observe.PoolEvents;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;
import org.slf4j.Logger;

/**
 * Warns of what an operator should know before anything goes wrong: settings that contradict one
 * another, and what a connector has noted of its URL or of the server. Thread-safe.
 */
final class Notes {
  private static final Logger log = PoolEvents.log();

  private final PoolConfig config;
  private final Connector connector;
  private final Set<String> told = new CopyOnWriteArraySet<>(); // none, or few

  Notes(PoolConfig config, Connector connector) {
    this.config = config;
    this.connector = connector;
  }

  /** Each contradiction; when the pool opens. */
  void tellContradictions() {
    List<Contradiction> all = new ArrayList<>(Contradictions.of(config, connector.serverless()));
    all.addAll(connector.contradictions());
    for (Contradiction one : all) {
      log.warn("Pool {}: {}", config.name(), one.text());
    }
  }

  /** Each note of the connector once; whenever there may be more of them. */
  void tell() {
    for (String note : connector.notes()) {
      if (told.add(note)) {
        log.warn("Pool {}: {}", config.name(), note);
      }
    }
  }
}
