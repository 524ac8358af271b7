package io.everpool.postgresql.socket;

import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.connector;
import static io.everpool.postgresql.Sessions.server;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.PlainSocketFactory;
import io.everpool.postgresql.Sessions;
import io.everpool.servers.FaultProxy;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Opening ends in its time, whatever the hosts do. */
@Timeout(600)
class OpeningTest {
  private static final long SHORT = Duration.ofMillis(700).toNanos();

  private static Connector to(String url) {
    return connector(
        url,
        config ->
            config
                .user(server().user())
                .password(server().password())
                .commandTimeout(Duration.ZERO));
  }

  /** The kernel accepts for a server that hangs, so that a connect timeout alone never ends it. */
  @ParameterizedTest
  @ValueSource(strings = {"disable", "prefer", "require"})
  void aServerThatAcceptsAndSaysNothingIsGivenUp(String sslmode) {
    try (FaultProxy proxy = FaultProxy.before(server())) {
      proxy.hang();
      Connector connector = to("postgresql://127.0.0.1:" + proxy.port() + "/x?sslmode=" + sslmode);
      SQLException failure = catchThrowableOfType(SQLException.class, () -> connector.open(SHORT));
      assertThat(failure.getSQLState()).isEqualTo("08001");
      assertThat(connector.classify(failure)).isEqualTo(Verdict.SERVER_DOWN);
      assertThatThrownBy(
              () -> {
                throw failure;
              })
          .hasRootCauseInstanceOf(DeadlineException.class);
    }
  }

  /** The same where the user's own socket factory leaves the time to pgjdbc. */
  @Test
  void aBlindOpeningEndsInItsTimeToo() {
    try (FaultProxy proxy = FaultProxy.before(server())) {
      proxy.hang();
      Connector connector =
          to(
              "jdbc:postgresql://127.0.0.1:"
                  + proxy.port()
                  + "/x?socketFactory="
                  + PlainSocketFactory.class.getName());
      SQLException failure = catchThrowableOfType(SQLException.class, () -> connector.open(SHORT));
      assertThat(connector.classify(failure)).isEqualTo(Verdict.SERVER_DOWN);
    }
  }

  /** pgjdbc takes no time, and less than a millisecond, for no limit. */
  @ParameterizedTest
  @ValueSource(longs = {-1, 0, 1, 500_000})
  void aBlindOpeningThatHasNoTimeEndsAtOnce(long nanos) throws Exception {
    try (FaultProxy proxy = FaultProxy.before(server())) {
      proxy.hang();
      Connector connector =
          to(
              "jdbc:postgresql://127.0.0.1:"
                  + proxy.port()
                  + "/x?sslmode=disable&socketFactory="
                  + PlainSocketFactory.class.getName());
      CompletableFuture<Throwable> opening =
          CompletableFuture.supplyAsync(() -> catchThrowable(() -> connector.open(nanos)));
      Throwable failure = opening.get(Sessions.LIMIT.toSeconds(), TimeUnit.SECONDS);
      assertThat(failure).hasFieldOrPropertyWithValue("SQLState", "08001");
      assertThat(connector.classify(failure)).isEqualTo(Verdict.SERVER_DOWN);
    }
  }

  /** With more time where a busy machine needs it. */
  private static PhysicalConnection openAtLast(Connector connector, long nanos)
      throws SQLException {
    try {
      return connector.open(nanos);
    } catch (SQLException e) {
      if (nanos >= Sessions.LIMIT.toNanos()) {
        throw e;
      }
      return openAtLast(connector, 2 * nanos);
    }
  }

  /** With half of the time left, the second host has enough. */
  @Test
  void aHangingHostLeavesTimeForTheNext() throws SQLException {
    try (FaultProxy proxy = FaultProxy.before(server())) {
      proxy.hang();
      Connector connector =
          to(
              "postgresql://127.0.0.1:"
                  + proxy.port()
                  + ",127.0.0.1:"
                  + server().port()
                  + "/"
                  + server().database());
      PhysicalConnection connection = openAtLast(connector, Duration.ofSeconds(4).toNanos());
      assertThat(connection.look()).isEqualTo(Look.ALIVE);
      assertThat(ask(connection.jdbc(), "select 1")).isEqualTo("1");
      connection.close();
    }
  }

  @Test
  void aRefusingHostLeavesItsPlaceToTheNextWhichIsLookedAt() throws SQLException {
    try (FaultProxy proxy = FaultProxy.before(server())) {
      int nobody = proxy.port();
      proxy.refuse();
      Connector connector =
          to(
              "postgresql://127.0.0.1:"
                  + nobody
                  + ",127.0.0.1:"
                  + server().port()
                  + "/"
                  + server().database());
      PhysicalConnection connection = connector.open(Sessions.TIMEOUT);
      assertThat(connection.look()).isEqualTo(Look.ALIVE);
      connection.close();
      assertThat(connection.look()).isEqualTo(Look.DEAD);
    }
  }

  /** The time is for the opening only: a query may take longer than that was given. */
  @Test
  void anOpenConnectionHasAllTheTimeItWants() throws SQLException {
    Connector connector = to(server().libpqUrl());
    long given = SHORT;
    PhysicalConnection connection = null;
    while (connection == null) {
      try {
        connection = connector.open(given);
      } catch (SQLException tooSlow) {
        given *= 2; // a busy machine
      }
    }
    String sql = "select 'slept' from pg_sleep(" + 1.2 * given / 1e9 + ")";
    assertThat(ask(connection.jdbc(), sql)).isEqualTo("slept");
    connection.close();
  }

  @Test
  void theUsersLoginTimeoutCountsIfItIsShorter() {
    try (FaultProxy proxy = FaultProxy.before(server())) {
      proxy.hang();
      Connector connector = to("jdbc:postgresql://127.0.0.1:" + proxy.port() + "/x?loginTimeout=1");
      SQLException failure =
          catchThrowableOfType(
              SQLException.class, () -> connector.open(Duration.ofSeconds(45).toNanos()));
      assertThatThrownBy(
              () -> {
                throw failure;
              })
          .hasRootCauseInstanceOf(DeadlineException.class);
    }
  }

  /** A pool opens in threads that it may interrupt; what is open stays so. */
  @Test
  void aPendingInterruptDoesNotKeepAConnectionFromOpening() throws SQLException {
    Thread.currentThread().interrupt();
    try {
      PhysicalConnection connection = Sessions.open(server().libpqUrl(), UnaryOperator.identity());
      assertThat(ask(connection.jdbc(), "select 1")).isEqualTo("1");
      connection.close();
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }
}
