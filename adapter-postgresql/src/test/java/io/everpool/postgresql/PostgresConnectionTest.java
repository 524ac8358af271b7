package io.everpool.postgresql;

import static io.everpool.postgresql.Sessions.LIMIT;
import static io.everpool.postgresql.Sessions.TIMEOUT;
import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.execute;
import static io.everpool.postgresql.Sessions.open;
import static io.everpool.postgresql.Sessions.server;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.TransactionState;
import io.everpool.postgresql.failure.FailureRules;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Direction;
import io.everpool.servers.PostgresServer;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the pool asks of a session. */
@Timeout(600)
class PostgresConnectionTest {

  @Test
  void theDriversConnectionIsAlwaysTheSame() throws SQLException {
    PhysicalConnection session = open();
    assertThat(session.jdbc()).isSameAs(session.jdbc());
    session.close();
    assertThat(session.jdbc().isClosed()).isTrue();
    session.close();
  }

  @Test
  void theTransactionsStateIsKnownHoweverItWasBegun() throws SQLException {
    PhysicalConnection session = open();
    assertThat(session.transactionState()).isEqualTo(TransactionState.NONE);
    execute(session, "begin");
    assertThat(session.transactionState()).isEqualTo(TransactionState.OPEN);
    assertThatThrownBy(() -> execute(session, "nonsense")).isInstanceOf(SQLException.class);
    assertThat(session.transactionState()).isEqualTo(TransactionState.FAILED);
    execute(session, "rollback");
    assertThat(session.transactionState()).isEqualTo(TransactionState.NONE);
    session.close();
  }

  /** A validation that began a transaction would keep a server's vacuum waiting. */
  @Test
  void validationLeavesTheTransactionAsItIs() throws SQLException {
    PhysicalConnection session = open();
    session.jdbc().setAutoCommit(false);
    session.validate(TIMEOUT);
    assertThat(session.transactionState()).isEqualTo(TransactionState.NONE);
    ask(session, "select 1");
    session.validate(TIMEOUT);
    assertThat(session.transactionState()).isEqualTo(TransactionState.OPEN);
    assertThatThrownBy(() -> execute(session, "nonsense")).isInstanceOf(SQLException.class);
    session.validate(TIMEOUT);
    assertThat(session.transactionState()).isEqualTo(TransactionState.FAILED);
    session.jdbc().rollback();
    session.close();
  }

  @Test
  void validationLeavesTheNetworkTimeoutAsItWas() throws SQLException {
    PhysicalConnection session = open();
    session.jdbc().setNetworkTimeout(Runnable::run, 43_210);
    session.validate(TIMEOUT);
    assertThat(session.jdbc().getNetworkTimeout()).isEqualTo(43_210);
    session.validate(2 * TIMEOUT);
    assertThat(session.jdbc().getNetworkTimeout()).isEqualTo(43_210);
    session.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"TO_SERVER", "TO_CLIENT"})
  void validationEndsInItsTimeIfNoAnswerComes(Direction frozen) throws SQLException {
    try (FaultProxy proxy = FaultProxy.before(server())) {
      PhysicalConnection session = open(server().libpqUrl(proxy.host(), proxy.port()));
      proxy.freeze(frozen);
      assertThatThrownBy(() -> session.validate(Duration.ofMillis(200).toNanos()))
          .isInstanceOf(SQLException.class)
          .hasRootCauseInstanceOf(SocketTimeoutException.class)
          .satisfies(e -> assertThat(FailureRules.classify(e)).isEqualTo(Verdict.CONNECTION_LOST));
      assertThat(session.jdbc().isClosed()).isTrue();
    }
  }

  /** Under a thread that waits for an answer which never comes; the abort doesn't wait for it. */
  @ParameterizedTest
  @ValueSource(strings = {"select pg_sleep(600)"})
  void abortWakesWhoeverWaitsForAnAnswer(String sql) throws Exception {
    PhysicalConnection session = open();
    String sleeping =
        "select count(*) from pg_stat_activity where state = 'active' and query = '" + sql + "'";
    CompletableFuture<String> reading =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return ask(session, sql);
              } catch (SQLException e) {
                return FailureRules.classify(e).name();
              }
            });
    Await.until(LIMIT, () -> server().ask(sleeping).equals("1"), "the query to run");
    session.abort();
    assertThat(reading.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo("CONNECTION_LOST");
    assertThat(session.jdbc().isClosed()).isTrue();
    server().terminateAll("everpool");
  }

  /** A server that takes nothing answers nothing either, however long the statement. */
  @ParameterizedTest
  @ValueSource(strings = {"disable", "require"})
  void whoeverWaitsForTheServerToTakeWhatIsSentWaits(String sslmode) throws Exception {
    PostgresServer server = Sessions.tlsServer();
    try (FaultProxy proxy = FaultProxy.before(server)) {
      PhysicalConnection session =
          open(server.libpqUrl(proxy.host(), proxy.port()) + "?sslmode=" + sslmode);
      long before = session.waits();
      assertThat(before).isEven();
      proxy.freeze();
      CompletableFuture<String> sending =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return ask(session, "select length('" + "x".repeat(50_000_000) + "')");
                } catch (SQLException e) {
                  throw new AssertionError(e);
                }
              });
      Await.until(LIMIT, () -> session.waits() % 2 == 1, "the wait to be counted");
      proxy.thaw();
      assertThat(sending.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isEqualTo("50000000");
      assertThat(session.waits()).isEven().isGreaterThan(before);
      session.close();
    }
  }

  /** As with a plain socket: the answer comes, and the thread finds the interrupt afterwards. */
  @Test
  void anInterruptDoesNotCostTheConnection() throws Exception {
    PhysicalConnection session = open();
    PhysicalConnection holder = open();
    execute(holder, "select pg_advisory_lock(77)");
    Thread caller = Thread.currentThread();
    CompletableFuture<Void> interrupting =
        CompletableFuture.runAsync(
            () -> {
              String waiting =
                  "select count(*) from pg_locks where locktype = 'advisory' and not granted";
              Await.until(LIMIT, () -> server().ask(waiting).equals("1"), "the query to run");
              caller.interrupt();
              holder.abort(); // and the lock is free
            });
    assertThat(ask(session, "select 'answered' from pg_advisory_lock(77)")).isEqualTo("answered");
    assertThat(Thread.interrupted()).as("sent before the lock was free").isTrue();
    interrupting.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    assertThat(ask(session, "select 2")).isEqualTo("2");
    session.close();
  }

  /** Whether a JSONB parameter may be a plain String is up to the user, by pgjdbc's stringtype. */
  @Test
  void aStringIsTakenForJsonbOnlyIfAsked() throws SQLException {
    String url = server().libpqUrl();
    PhysicalConnection strict = open(url);
    assertThatThrownBy(() -> keys(strict.jdbc()))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42883"));
    strict.close();
    PhysicalConnection lenient =
        open(url, config -> config.properties(java.util.Map.of("stringtype", "unspecified")));
    assertThat(keys(lenient.jdbc())).isEqualTo("a");
    lenient.close();
  }

  private static String keys(Connection connection) throws SQLException {
    try (var statement = connection.prepareStatement("select jsonb_object_keys(?)")) {
      statement.setString(1, "{\"a\": 1}");
      try (var rows = statement.executeQuery()) {
        rows.next();
        return rows.getString(1);
      }
    }
  }

  @Test
  void nothingThatTheDriverShowsIsSecret() throws SQLException {
    PhysicalConnection session = open();
    assertThat(session.jdbc().getMetaData().getURL() + session + session.jdbc())
        .doesNotContain(server().password());
    session.close();
  }

  @Test
  void manySessionsMayBeOpenedSideBySide() throws Exception {
    Connector connector = Sessions.connector(server().libpqUrl(), UnaryOperator.identity());
    CompletableFuture<?>[] opening = new CompletableFuture<?>[20];
    for (int i = 0; i < opening.length; i++) {
      opening[i] =
          CompletableFuture.runAsync(
              () -> {
                try {
                  var session = connector.open(TIMEOUT);
                  assertThat(ask(session.jdbc(), "select 1")).isEqualTo("1");
                  session.close();
                } catch (SQLException e) {
                  throw new AssertionError(e);
                }
              });
    }
    CompletableFuture.allOf(opening).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }
}
