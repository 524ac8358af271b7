package io.everpool.postgresql.socket;

import static io.everpool.postgresql.Sessions.LIMIT;
import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.execute;
import static io.everpool.postgresql.Sessions.open;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.driver.PhysicalConnection;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;

/** Waiting in vain for what nobody has promised is no failure, as it is none without a pool. */
@Timeout(600)
class VainWaitTest {
  /** What pgjdbc's manual asks for. */
  private static final Map<String, String> REPLICATION =
      Map.of(
          "replication", "database", "preferQueryMode", "simple", "assumeMinServerVersion", "9.4");

  private static PostgresServer server;

  @BeforeAll
  static void start() {
    server = PostgresServer.startEmbedded(ServerSettings.defaults().withTls());
    server.execute("alter role \"" + server.user() + "\" replication");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static PGConnection listening(PhysicalConnection session, int timeoutMillis)
      throws SQLException {
    execute(session, "listen x");
    session.jdbc().setNetworkTimeout(Runnable::run, timeoutMillis);
    return session.jdbc().unwrap(PGConnection.class);
  }

  private static void waitInVain(PhysicalConnection session, PGConnection listener)
      throws SQLException {
    long waits = session.waits();
    assertThat(listener.getNotifications(0)).isNullOrEmpty();
    assertThat(session.waits()).as("waits begun and ended").isGreaterThanOrEqualTo(waits + 2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"disable", "require"})
  void eachWaitForNotificationsWaitsAndTheNextStatementIsAnswered(String tls) throws SQLException {
    PhysicalConnection other = open(server.libpqUrl());
    PhysicalConnection session = open(server.libpqUrl() + "?sslmode=" + tls);
    PGConnection listener = listening(session, 3_000); // for an answer on a busy machine, too
    waitInVain(session, listener);
    waitInVain(session, listener);
    assertThat(ask(session, "select 1")).isEqualTo("1");
    execute(other, "notify x, 'hello'");
    PGNotification[] heard = listener.getNotifications(0);
    assertThat(heard).singleElement().extracting(PGNotification::getParameter).isEqualTo("hello");
    session.close();
    other.close();
  }

  /** The server owes an answer then, and the goodbye isn't waited for. */
  @ParameterizedTest
  @ValueSource(strings = {"disable", "require"})
  void aServerThatFreezesBehindAVainWaitCostsOneTimeout(String tls) throws Exception {
    try (FaultProxy proxy = FaultProxy.before(server)) {
      PhysicalConnection session =
          open(server.libpqUrl(proxy.host(), proxy.port()) + "?sslmode=" + tls);
      waitInVain(session, listening(session, 1_000));
      proxy.freeze();
      long waits = session.waits();
      assertThatThrownBy(() -> ask(session, "select 1")).isInstanceOf(SQLException.class);
      assertThat(session.waits()).as("waits begun and ended").isEqualTo(waits + 2);
      assertThat(session.jdbc().isClosed()).isTrue();
    }
  }

  /**
   * pgjdbc sets a timeout beneath its own notice, takes its passing for nothing, and reads again at
   * once; the timeout stays when the stream has ended.
   */
  @ParameterizedTest
  @ValueSource(strings = {"disable", "require"})
  void aReplicationStreamOutlastsSilence(String tls) throws Exception {
    PhysicalConnection session =
        open(server.libpqUrl() + "?sslmode=" + tls, config -> config.properties(REPLICATION));
    LogSequenceNumber end =
        LogSequenceNumber.valueOf(
            String.valueOf(ask(session, "select pg_catalog.pg_current_wal_flush_lsn()")));
    PGReplicationStream stream =
        session
            .jdbc()
            .unwrap(PGConnection.class)
            .getReplicationAPI()
            .replicationStream()
            .physical()
            .withStartPosition(end)
            .withStatusInterval(200, TimeUnit.MILLISECONDS)
            .start();
    CompletableFuture<Void> told = CompletableFuture.runAsync(() -> readUntil(stream, "marker"));
    long waits = session.waits();
    Await.until(
        LIMIT, () -> told.isDone() || session.waits() >= waits + 8, "waits that were in vain");
    assertThat(told).isNotDone();
    server.ask("select pg_logical_emit_message(true, 'test', repeat('marker', 50))");
    told.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    stream.close();

    long before = session.waits();
    assertThat(ask(session, "select 'slept' from pg_sleep(3)")).isEqualTo("slept");
    assertThat(session.waits()).as("it doesn't spin").isGreaterThanOrEqualTo(before + 4);
    session.close();
  }

  private static void readUntil(PGReplicationStream stream, String marker) {
    try {
      for (ByteBuffer data = stream.read(); ; data = stream.read()) {
        if (data != null && StandardCharsets.ISO_8859_1.decode(data).toString().contains(marker)) {
          return;
        }
      }
    } catch (SQLException e) {
      throw new CompletionException(e);
    }
  }
}
