package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Direction;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * A setter that is called with the value that is there already leaves nothing to clean up; nor does
 * one whose change the driver keeps to itself. The schema isn't among them: what it is can't be
 * known without a round trip.
 */
class SetToTheSameIT {
  private static final int LEASES = 2;

  private interface Use {
    void of(Connection connection) throws SQLException;
  }

  private static final Map<String, Use> USES =
      Map.ofEntries(
          Map.entry("autocommit", c -> c.setAutoCommit(c.getAutoCommit())),
          Map.entry("read-only", c -> c.setReadOnly(c.isReadOnly())),
          Map.entry("isolation", c -> c.setTransactionIsolation(c.getTransactionIsolation())),
          Map.entry("catalog", c -> c.setCatalog(c.getCatalog())),
          Map.entry("holdability", c -> c.setHoldability(c.getHoldability())),
          Map.entry(
              "network timeout", c -> c.setNetworkTimeout(Runnable::run, c.getNetworkTimeout())),
          Map.entry("all client info", c -> c.setClientInfo(c.getClientInfo())),
          Map.entry(
              "the application's name",
              c -> c.setClientInfo("ApplicationName", c.getClientInfo("ApplicationName"))),
          Map.entry("type map", c -> c.setTypeMap(c.getTypeMap())),
          Map.entry(
              "autocommit off and on",
              c -> {
                c.setAutoCommit(false);
                c.setAutoCommit(true);
              }),
          Map.entry(
              "read-only and back",
              c -> {
                c.setReadOnly(true);
                c.setReadOnly(false);
              }),
          Map.entry("autocommit off", c -> c.setAutoCommit(false)),
          Map.entry("read-only on", c -> c.setReadOnly(true)),
          Map.entry("another network timeout", c -> c.setNetworkTimeout(Runnable::run, 1_234)));

  /** Bytes are the proof. What the setter itself makes the driver send isn't counted. */
  @Test
  void nothingIsSentWhenTheConnectionComesBack() throws SQLException {
    Map<String, Long> sent = new TreeMap<>();
    try (FaultProxy proxy = FaultProxy.before(Db.server())) {
      String url = "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/" + Db.server().database();
      try (Pool pool =
          Everpool.open(
              Db.config("same-value", url)
                  .minSize(1)
                  .maxSize(1)
                  .healthCheckInterval(Duration.ofHours(1))
                  .build())) {
        for (Map.Entry<String, Use> use : USES.entrySet()) {
          for (int i = 0; i < LEASES; i++) {
            Connection connection = pool.getConnection();
            Db.ask(connection, "select 1");
            use.getValue().of(connection);
            long before = proxy.bytes(Direction.TO_SERVER);
            connection.close();
            sent.merge(use.getKey(), proxy.bytes(Direction.TO_SERVER) - before, Long::sum);
          }
        }
        assertThat(pool.snapshot().opened()).isEqualTo(1);
      }
    }
    assertThat(sent).hasSameSizeAs(USES).allSatisfy((use, bytes) -> assertThat(bytes).isZero());
  }
}
