package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.PoolerMode;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Direction;
import io.everpool.servers.PostgresServer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two connections are opened at once, before anybody knows what lies between: one shows a pooler
 * and the other none, as they may where one host is a pooler and another is a server.
 */
@Timeout(60)
class PoolerFoundMeanwhileTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @Test
  void aPoolerThatAnotherOpeningHasFoundIsNotForgotten() throws Exception {
    Pooler pooler = new Pooler(PoolerMode.AUTO);
    try (PostgresServer server = PostgresServer.start();
        FaultProxy proxy = FaultProxy.before(server);
        Connection direct = connect(server, proxy)) {
      long before = proxy.bytes(Direction.TO_SERVER);
      proxy.freeze(Direction.TO_CLIENT);
      FutureTask<Void> meeting = new FutureTask<>(() -> meet(pooler, direct));
      CompletableFuture.runAsync(meeting);
      Await.until(LIMIT, () -> proxy.bytes(Direction.TO_SERVER) > before, "the question");

      SQLException refused = new SQLException("unsupported startup parameter: options", "08P01");
      assertThat(pooler.isShownBy(refused, PoolerMode.AUTO)).isTrue();
      proxy.thaw();

      assertThatThrownBy(() -> meeting.get(LIMIT.toSeconds(), TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .as("it was not opened for a pooler")
          .hasCauseInstanceOf(Pooler.Found.class);
      assertThat(pooler.mode()).isEqualTo(PoolerMode.TRANSACTION);
    }
  }

  private static Void meet(Pooler pooler, Connection connection) throws SQLException {
    pooler.meet(connection);
    return null;
  }

  private static Connection connect(PostgresServer server, FaultProxy proxy) throws SQLException {
    String url =
        "jdbc:postgresql://%s:%d/%s".formatted(proxy.host(), proxy.port(), server.database());
    return DriverManager.getConnection(url, server.user(), server.password());
  }
}
