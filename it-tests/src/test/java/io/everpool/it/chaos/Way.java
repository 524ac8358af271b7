package io.everpool.it.chaos;

import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.PgBouncer;
import io.everpool.servers.PostgresServer;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * From an application to the server: a proxy, or a pooler of transactions with a proxy on either
 * side, one of which is struck. Not thread-safe.
 */
final class Way implements AutoCloseable {
  /** Fewer than the application has connections; and it tries again at once what has failed. */
  private static final Map<String, String> POOLER =
      Map.of("default_pool_size", "6", "server_login_retry", "1", "query_wait_timeout", "5");

  private final FaultProxy atServer;
  private final @Nullable PgBouncer pooler;
  private final FaultProxy atClient;

  private Way(FaultProxy atServer, @Nullable PgBouncer pooler, FaultProxy atClient) {
    this.atServer = atServer;
    this.pooler = pooler;
    this.atClient = atClient;
  }

  static Way to(PostgresServer server) {
    FaultProxy proxy = FaultProxy.before(server);
    return new Way(proxy, null, proxy);
  }

  static Way through(PgBouncer.Kind kind, PostgresServer server) {
    FaultProxy atServer = FaultProxy.before(server);
    PgBouncer pooler = kind.before(server, atServer, "transaction", POOLER);
    return new Way(atServer, pooler, FaultProxy.before(pooler));
  }

  String url(String database) {
    return "jdbc:postgresql://" + atClient.host() + ":" + atClient.port() + "/" + database;
  }

  void target(PostgresServer server) {
    atServer.target(server);
  }

  /** Cuts all connections on one side of the pooler, or kills the pooler. */
  void cut(Cut how, int victim) {
    if (pooler != null && victim % 3 == 0) {
      pooler.kill();
      pooler.startAgain();
    } else {
      struck(victim).cut(how);
    }
  }

  /** Does this to what is struck. */
  void strike(int victim, Consumer<FaultProxy> fault) {
    fault.accept(struck(victim));
  }

  private FaultProxy struck(int victim) {
    return victim % 2 == 0 ? atServer : atClient;
  }

  void thaw() {
    atServer.thaw();
    atClient.thaw();
  }

  boolean cutPending() {
    return atServer.cutPending() || atClient.cutPending();
  }

  @Override
  public void close() {
    atClient.close();
    if (pooler != null) {
      pooler.close();
    }
    atServer.close();
  }
}
