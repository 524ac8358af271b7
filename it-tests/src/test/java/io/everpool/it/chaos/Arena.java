package io.everpool.it.chaos;

import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Direction;
import io.everpool.servers.PgBouncer;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Shutdown;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A server with a {@link Way} to it for each application, and the faults that strike them. Every
 * application suffers each fault, at the same moment.
 *
 * <p>A failover is the worst kind that keeps its promise: the primary is killed as it stands, with
 * COMMITs under way, and its standby promoted. So that what was acknowledged survives that, the
 * standby is made a synchronous one first, and it is made sure that COMMITs do wait for it. With an
 * asynchronous one acknowledged transactions are lost by design, and no pool could help it; with a
 * primary that is shut down in order before, nothing would be shown that a restart doesn't show. It
 * counts as a crash. Not thread-safe.
 */
final class Arena implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration TAKEN = Duration.ofSeconds(2);

  private final List<Way> ways = new ArrayList<>();
  private final List<String> schemas = new ArrayList<>();
  private final Crashes crashes;
  private PostgresServer server;

  Arena(Crashes crashes) {
    this.crashes = crashes;
    server = PostgresServer.startEmbedded(ServerSettings.defaults().with("max_connections", "120"));
  }

  /**
   * Another way to the server, for the application with this schema.
   *
   * @param pooler what it leads through; null for none
   */
  Door door(String schema, PgBouncer.@Nullable Kind pooler) {
    Way way = pooler == null ? Way.to(server) : Way.through(pooler, server);
    ways.add(way);
    schemas.add(schema);
    return new Door(way.url(server.database()), server.user(), server.password(), pooler);
  }

  /** A session of the applications' role that no fault but the server's strikes. */
  Connection connect() throws SQLException {
    return DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
  }

  /** Strikes, and returns when the fault is over. */
  void strike(Strike strike) throws InterruptedException {
    if (!strike.fault().crash()) {
      apply(strike);
      return;
    }
    // a failover takes its time before anything crashes
    Runnable end = strike.fault() == Fault.FAILOVER ? failOver() : crashes.begin();
    if (strike.fault() != Fault.FAILOVER) {
      apply(strike);
    }
    awaitReady();
    end.run();
  }

  private void apply(Strike strike) throws InterruptedException {
    switch (strike.fault()) {
      case TERMINATE_ONE -> terminateOne(strike.victim());
      case TERMINATE_ALL -> schemas.forEach(server::terminateAll);
      case KILL_BACKEND -> killBackend(strike.victim());
      case RESTART_FAST -> server.restart(Shutdown.FAST);
      case RESTART_IMMEDIATE -> server.restart(Shutdown.IMMEDIATE);
      case KILL_SERVER -> {
        server.crash();
        server.startAgain();
      }
      case RST -> ways.forEach(way -> way.cut(FaultProxy.Cut.RST, strike.victim()));
      case FIN -> ways.forEach(way -> way.cut(FaultProxy.Cut.FIN, strike.victim()));
      case REPLY_CUT -> cutReply("", strike);
      case COMMIT_CUT -> cutReply("COMMIT", strike);
      case FREEZE_TO_SERVER -> freeze(Direction.TO_SERVER, strike);
      case FREEZE_TO_CLIENT -> freeze(Direction.TO_CLIENT, strike);
      case STOP_SERVER -> {
        server.freeze();
        sleep(strike.length());
        server.thaw();
      }
      case FAILOVER -> throw new AssertionError("has a method of its own");
    }
  }

  private void terminateOne(int victim) {
    for (String schema : schemas) {
      List<Integer> pids = server.backendPids(schema);
      if (!pids.isEmpty()) {
        server.terminate(pids.get(victim % pids.size()));
      }
    }
  }

  private void killBackend(int victim) {
    List<Integer> pids = new ArrayList<>();
    Await.until(PATIENCE, () -> killedOneOf(pids, victim), "somebody to kill");
    // all the others have to go before it recovers
    Await.until(
        PATIENCE,
        () -> pids.stream().noneMatch(pid -> ProcessHandle.of(pid).isPresent()),
        "the server to notice");
  }

  private boolean killedOneOf(List<Integer> pids, int victim) {
    pids.clear();
    schemas.forEach(schema -> pids.addAll(server.backendPids(schema)));
    try {
      if (pids.isEmpty()) {
        return false;
      }
      server.killBackend(pids.get(victim % pids.size()));
      return true;
    } catch (IllegalStateException hasJustGone) {
      return false;
    }
  }

  /** Every application's next request of the kind; a fault is not over before it has struck. */
  private void cutReply(String text, Strike strike) {
    ways.forEach(way -> way.strike(strike.victim(), proxy -> proxy.cutReplyTo(text, strike.cut())));
    long begun = System.nanoTime();
    Await.until(
        PATIENCE,
        () ->
            ways.stream().noneMatch(Way::cutPending) || System.nanoTime() - begun > TAKEN.toNanos(),
        "a request");
  }

  private void freeze(Direction direction, Strike strike) throws InterruptedException {
    ways.forEach(way -> way.strike(strike.victim(), proxy -> proxy.freeze(direction)));
    sleep(strike.length());
    ways.forEach(Way::thaw);
  }

  private Runnable failOver() {
    PostgresServer primary = server;
    Replica replica = Replica.of(primary);
    PostgresServer standby = replica.server();
    primary.alter("synchronous_standby_names", "*");
    awaitAnswer(primary, "select count(*) = 1 from pg_stat_replication where sync_state = 'sync'");
    standby.freeze();
    awaitAnswer(primary, "select count(*) > 0 from pg_stat_activity where wait_event = 'SyncRep'");
    standby.thaw();
    Runnable end = crashes.begin();
    primary.crash();
    standby.alterBack("synchronous_standby_names");
    replica.promote();
    ways.forEach(way -> way.target(standby));
    server = standby;
    primary.close();
    return end;
  }

  private static void awaitAnswer(PostgresServer server, String sql) {
    Await.until(PATIENCE, () -> server.ask(sql).equals("t"), sql);
  }

  private void awaitReady() {
    Await.until(
        PATIENCE,
        () -> {
          try {
            return server.ask("select 1").equals("1");
          } catch (IllegalStateException notYet) {
            return false;
          }
        },
        "the server to take sessions");
  }

  /** Waits until no session of an application is at work any more. */
  void awaitRest() {
    awaitReady();
    awaitAnswer(
        server,
        "select count(*) = 0 from pg_stat_activity where application_name in ('"
            + String.join("', '", schemas)
            + "') and state <> 'idle'");
  }

  private static void sleep(Duration length) throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(length.toMillis());
  }

  @Override
  public void close() {
    ways.forEach(Way::close);
    server.close();
  }
}
