package io.everpool.guice;

import io.everpool.api.Pool;
import io.everpool.jdbi.EverpoolJdbi;
import java.util.List;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.spi.JdbiPlugin;

/** One pool and what stands on it. They are made together, so that a failure is told once. */
record Opened(Pool pool, Jdbi jdbi, List<JdbiPlugin> plugins) {

  static Opened of(Pool pool, List<JdbiPlugin> plugins) {
    return new Opened(pool, extended(EverpoolJdbi.create(pool), plugins), plugins);
  }

  /** A Jdbi that only reads. */
  Jdbi readerJdbi() {
    return extended(EverpoolJdbi.reader(pool), plugins);
  }

  private static Jdbi extended(Jdbi jdbi, List<JdbiPlugin> plugins) {
    plugins.forEach(jdbi::installPlugin);
    return jdbi;
  }
}
