package io.everpool.guice;

import io.everpool.api.PoolConfig;
import io.everpool.servers.Await;
import java.time.Duration;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.config.JdbiConfig;
import org.jdbi.v3.core.spi.JdbiPlugin;

/** What pools and plug-ins leave behind for tests to see. */
final class Traces {

  private Traces() {}

  /** Settings of a pool over H2 of this name. */
  static PoolConfig.Builder h2(String name) {
    return PoolConfig.builder("jdbc:h2:mem:" + name).name(name).minSize(1).maxSize(2);
  }

  /** Whether any pool has threads: they share them. */
  static boolean hasThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(thread -> thread.isAlive() && thread.getName().startsWith("everpool-"));
  }

  /** Waits until no pool is left. */
  static void awaitNoThreads() {
    Await.until(Duration.ofSeconds(60), () -> !hasThreads(), "the end of the pools' threads");
  }

  /** Adds its word to those a Jdbi has heard; each is another plug-in. */
  static JdbiPlugin saying(String word) {
    return new JdbiPlugin() {
      @Override
      public void customizeJdbi(Jdbi jdbi) {
        jdbi.getConfig(Words.class).heard += word;
      }
    };
  }

  static String heardBy(Jdbi jdbi) {
    return jdbi.getConfig(Words.class).heard;
  }

  /** Where {@link #saying} leaves its words. */
  public static final class Words implements JdbiConfig<Words> {
    private String heard = "";

    @Override
    public Words createCopy() {
      Words copy = new Words();
      copy.heard = heard;
      return copy;
    }
  }
}
