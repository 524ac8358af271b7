package io.everpool.core;

import io.everpool.api.CredentialsProvider;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolClosedException;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.DriverAdapter;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.core.observe.GuardedCall;
import io.everpool.core.plain.PlainConnector;
import io.everpool.core.replicas.Member;
import io.everpool.core.replicas.ReplicatedPool;
import io.everpool.core.runtime.SystemRuntime;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Opens a pool that has readers: one pool for each server, and the pool that they form together.
 */
final class ReaderPools {
  private final PoolConfig whole;
  private final List<PoolConfig> configs;
  private final List<Connector> given;
  private final Opening opening;

  /** Opens one pool. */
  interface Opening {
    EverpoolPool open(
        PoolConfig config,
        Connector connector,
        @Nullable CredentialsProvider credentials,
        @Nullable LeaseRecorder recorder)
        throws SQLException;
  }

  /**
   * @param configs the readers' settings, as {@link #configs} returns them
   * @param given connectors for the last of them; the others' are found by their URLs
   */
  ReaderPools(PoolConfig whole, List<PoolConfig> configs, List<Connector> given, Opening opening) {
    this.whole = whole;
    this.configs = configs;
    this.given = given;
    this.opening = opening;
  }

  /**
   * The settings of the readers' pools. They are those of the whole pool under other names, but no
   * reader's pool waits for its server when it opens, because the writer is there.
   *
   * @param more how many readers there are besides those of {@link PoolConfig#readers()}
   * @throws InvalidPoolConfigException if the name is too long to be extended
   */
  static List<PoolConfig> configs(PoolConfig whole, int more) {
    List<String> urls = new ArrayList<>(whole.readers());
    for (int i = 0; i < more; i++) {
      urls.add(whole.url());
    }
    List<PoolConfig> configs = new ArrayList<>();
    for (String url : urls) {
      configs.add(
          whole.toBuilder()
              .name(whole.name() + "-reader-" + (configs.size() + 1))
              .url(url)
              .readers(List.of())
              .failFast(false)
              .build());
    }
    return configs;
  }

  /**
   * Opens all, or none.
   *
   * @param opener opens the writer's connections
   * @throws PoolClosedException if the writer's pool was closed meanwhile; a listener may do so
   *     when it hears that the pool has opened
   */
  Pool open(
      Connector opener, @Nullable CredentialsProvider credentials, @Nullable LeaseRecorder recorder)
      throws SQLException {
    List<Connector> unused = new ArrayList<>(given);
    unused.add(0, opener);
    List<EverpoolPool> pools = new ArrayList<>();
    boolean opened = false;
    try {
      int found = configs.size() - given.size();
      for (int i = 0; i < found; i++) { // all are found before any is opened
        unused.add(1 + i, find(configs.get(i)));
      }
      pools.add(opening.open(whole, unused.remove(0), credentials, recorder));
      for (PoolConfig config : configs) {
        requireWriter(pools);
        LeaseRecorder own = recorder == null ? null : recorder.ofReader(config.name());
        pools.add(opening.open(config, unused.remove(0), credentials, own));
      }
      requireWriter(pools);
      List<Member> members = pools.stream().map(EverpoolPool::member).toList();
      Pool pool =
          new ReplicatedPool(
              whole, members.get(0), members.subList(1, members.size()), SystemRuntime::pause);
      opened = true;
      return pool;
    } finally {
      if (!opened) {
        pools.forEach(EverpoolPool::close);
        unused.forEach(each -> close(whole, each));
      }
    }
  }

  /**
   * Throws if the writer's pool was closed: whoever did that wanted to close the whole, and knew
   * nothing of the readers.
   */
  private void requireWriter(List<EverpoolPool> pools) throws PoolClosedException {
    if (pools.get(0).isClosed()) {
      throw new PoolClosedException(whole.name());
    }
  }

  /**
   * Closes a connector as the end of a pool does: what it throws is survived, and if it hangs, this
   * waits no longer than the close-timeout.
   */
  static void close(PoolConfig config, Connector unused) {
    String pool = config.name();
    String what = "closing a connector";
    long most = config.closeTimeout().toNanos();
    boolean interrupted = Thread.interrupted(); // with the flag set, nothing below would wait
    try {
      SystemRuntime.apart(pool, () -> GuardedCall.survives(pool, what, unused::close), most);
    } catch (InterruptedException e) {
      interrupted = true;
    } catch (Throwable e) {
      GuardedCall.tell(pool, what, e);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Finds a reader's connector. A problem with its URL is told under the name of this reader. */
  private static Connector find(PoolConfig config) {
    try {
      DriverAdapter adapter = Adapters.accepting(config.url());
      return adapter != null ? adapter.readerConnector(config) : PlainConnector.ofUrl(config);
    } catch (InvalidPoolConfigException e) {
      throw new InvalidPoolConfigException(
          e.problems().stream().map(problem -> config.name() + ": " + problem).toList());
    }
  }
}
