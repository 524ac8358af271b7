package io.everpool.postgresql.url;

import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.execute;
import static io.everpool.postgresql.Sessions.open;
import static io.everpool.postgresql.Sessions.server;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.ResetMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.postgresql.PlainSocketFactory;
import io.everpool.postgresql.Sessions;
import io.everpool.postgresql.failure.FailureRules;
import io.everpool.postgresql.session.SideEffect;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Direction;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a session begins with. */
@Timeout(600)
class SessionDefaultsTest {

  private static Map<String, String> defaults(
      Map<String, String> given, PoolerMode pooler, UnaryOperator<PoolConfig.Builder> more) {
    Map<String, String> properties = new LinkedHashMap<>(given);
    PoolConfig config = more.apply(PoolConfig.builder("postgresql://h/d")).build();
    SessionDefaults.add(properties, config, pooler, new ArrayList<>());
    return properties;
  }

  @Test
  void statementsEndAtTheCommandTimeoutAndTheConnectionStaysGood() throws SQLException {
    PhysicalConnection session =
        open(server().libpqUrl(), config -> config.commandTimeout(Duration.ofMillis(1_500)));
    assertThatThrownBy(() -> ask(session, "select pg_sleep(30)"))
        .isInstanceOfSatisfying(
            SQLException.class,
            e -> {
              assertThat(e.getSQLState()).isEqualTo("57014");
              assertThat(FailureRules.classify(e)).isEqualTo(Verdict.STATEMENT_FAILED);
            });
    assertThat(ask(session, "show statement_timeout")).isEqualTo("1500ms");
    session.close();
  }

  /** A start-up option is the session's default; a SET after the login would be gone. */
  @Test
  void aResetReturnsToTheCommandTimeout() throws SQLException {
    PhysicalConnection session = open();
    assertThat(ask(session, "show statement_timeout")).isEqualTo("1min");
    execute(session, "set statement_timeout = 0");
    session.reset(ResetMode.SMART, SideEffects.of(List.of(SideEffect.SETTINGS)));
    assertThat(ask(session, "show statement_timeout")).isEqualTo("1min");
    execute(session, "set statement_timeout = 0");
    session.reset(ResetMode.DISCARD_ALL, SideEffects.NONE);
    assertThat(ask(session, "show statement_timeout")).isEqualTo("1min");
    session.close();
  }

  @Test
  void theUsersOwnOptionsAreKept() throws SQLException {
    PhysicalConnection session =
        open(server().libpqUrl() + "?options=-c%20work_mem%3D77kB%20-c%20app.x%3Da%5C%20b");
    String all =
        "select current_setting('work_mem') || current_setting('app.x')"
            + " || current_setting('statement_timeout')";
    assertThat(ask(session, all)).isEqualTo("77kBa b1min");
    session.close();
  }

  @Test
  void theUsersOwnStatementTimeoutWins() throws SQLException {
    PhysicalConnection session =
        open(server().libpqUrl() + "?options=-c%20statement_timeout%3D77s");
    assertThat(ask(session, "show statement_timeout")).isEqualTo("77s");
    assertThat(session.jdbc().getNetworkTimeout()).isZero();
    session.close();
  }

  @Test
  void withoutACommandTimeoutTheServersOwnDefaultHolds() throws SQLException {
    PhysicalConnection session =
        open(server().libpqUrl(), config -> config.commandTimeout(Duration.ZERO));
    assertThat(ask(session, "show statement_timeout")).isEqualTo("0");
    assertThat(session.jdbc().getNetworkTimeout()).isZero();
    session.close();
  }

  @Test
  void theApplicationNameIsThePoolsUnlessItIsGiven() throws SQLException {
    PhysicalConnection named = open(server().libpqUrl(), config -> config.name("orders"));
    assertThat(ask(named, "show application_name")).isEqualTo("orders");
    named.close();
    PhysicalConnection given = open(server().libpqUrl() + "?application_name=mine");
    assertThat(ask(given, "show application_name")).isEqualTo("mine");
    given.close();
  }

  /** What bounds the opening on such a socket is nothing that a reset brings back. */
  @Test
  void soItIsOnASocketOfTheUsersWhateverWasUnwrapped() throws SQLException {
    Map<String, String> theirs = Map.of("socketFactory", PlainSocketFactory.class.getName());
    PhysicalConnection session = open(server().libpqUrl(), config -> config.properties(theirs));
    int atFirst = session.jdbc().getNetworkTimeout();
    assertThat(atFirst).isEqualTo(70_000);
    session.reset(ResetMode.SMART, SideEffects.EXPOSED);
    assertThat(session.jdbc().getNetworkTimeout()).isEqualTo(atFirst);
    session.close();
  }

  @Test
  void aServerThatHangsIsGivenUpSomeTimeAfterTheCommandTimeout() throws SQLException {
    PhysicalConnection session = open();
    assertThat(session.jdbc().getNetworkTimeout()).isEqualTo(70_000);
    session.close();
    assertThat(defaults(Map.of(), PoolerMode.NONE, c -> c.commandTimeout(Duration.ofMillis(1))))
        .containsEntry("socketTimeout", "11");
    assertThat(defaults(Map.of("socketTimeout", "7"), PoolerMode.NONE, c -> c))
        .containsEntry("socketTimeout", "7");
    assertThat(defaults(Map.of(), PoolerMode.NONE, c -> c.commandTimeout(Duration.ofDays(300))))
        .containsEntry("socketTimeout", "2147483");
  }

  /** Silence is what a replication stream is made of, and pgjdbc ends it at such a timeout. */
  @ParameterizedTest
  @ValueSource(strings = {"database", "true", "on", "TRUE"})
  void whereItReplicatesSilenceIsNoHanging(String replication) {
    assertThat(defaults(Map.of("replication", replication), PoolerMode.NONE, c -> c))
        .containsEntry("options", "-c statement_timeout=60000")
        .doesNotContainKey("socketTimeout");
    Map<String, String> own = Map.of("replication", replication, "socketTimeout", "7");
    assertThat(defaults(own, PoolerMode.NONE, c -> c)).containsEntry("socketTimeout", "7");
  }

  @ParameterizedTest
  @ValueSource(strings = {"false", "False", "off", "no", "0"})
  void whereItDoesNotReplicateItIs(String replication) {
    assertThat(defaults(Map.of("replication", replication), PoolerMode.NONE, c -> c))
        .containsEntry("socketTimeout", "70");
  }

  /** It counts milliseconds in an int, and refuses the session that has more of them. */
  @ParameterizedTest
  @ValueSource(longs = {Integer.MAX_VALUE - 1L, Integer.MAX_VALUE, Integer.MAX_VALUE + 1L})
  void noLimitIsLongerThanTheServerTakes(long millis) throws SQLException {
    checkLimit(Duration.ofMillis(millis));
  }

  @Test
  void norIsTheLongestOfThePool() throws SQLException {
    checkLimit(PoolConfig.LONGEST_DURATION);
  }

  private static void checkLimit(Duration limit) throws SQLException {
    long told = Math.min(limit.toMillis(), Integer.MAX_VALUE);
    Connector connector =
        Sessions.connector(server().libpqUrl(), config -> config.commandTimeout(limit));
    PhysicalConnection session = connector.open(Sessions.TIMEOUT);
    assertThat(
            ask(
                session,
                "select setting from pg_catalog.pg_settings where name = 'statement_timeout'"))
        .isEqualTo(Long.toString(told));
    session.close();
    if (told == limit.toMillis()) {
      assertThat(connector.notes()).isEmpty();
    } else {
      assertThat(connector.notes()).singleElement().asString().contains("24.8 days");
    }
  }

  @Test
  void theSocketTimeoutIsKeptAndTellsALostConnection() throws SQLException {
    try (FaultProxy proxy = FaultProxy.before(server())) {
      PhysicalConnection session =
          open(
              server().libpqUrl(proxy.host(), proxy.port()),
              c -> c.properties(Map.of("socketTimeout", "3")));
      proxy.freeze(Direction.TO_CLIENT);
      assertThatThrownBy(() -> ask(session, "select 1"))
          .hasRootCauseInstanceOf(SocketTimeoutException.class)
          .satisfies(e -> assertThat(FailureRules.classify(e)).isEqualTo(Verdict.CONNECTION_LOST));
      assertThat(session.jdbc().isClosed()).isTrue();
    }
  }

  @Test
  void keepAliveIsOnUnlessItIsSwitchedOff() {
    assertThat(defaults(Map.of(), PoolerMode.NONE, c -> c)).containsEntry("tcpKeepAlive", "true");
    assertThat(defaults(Map.of("tcpKeepAlive", "false"), PoolerMode.NONE, c -> c))
        .containsEntry("tcpKeepAlive", "false");
  }

  /** "unsupported startup parameter: options" is what Neon's PgBouncer says to them. */
  @Test
  void neonsPoolerGetsNoOptionsAndTheDriverMindsTheTime() {
    Map<String, String> properties =
        defaults(Map.of(), PoolerMode.TRANSACTION, c -> c.commandTimeout(Duration.ofMillis(1_500)));
    assertThat(properties)
        .doesNotContainKey("options")
        .containsEntry("queryTimeout", "2")
        .containsEntry("socketTimeout", "12");
    Connector connector =
        Sessions.connector(
            "postgresql://u:p@ep-x-pooler.eu.aws.neon.tech/d",
            c -> c.commandTimeout(Duration.ofMillis(1_500)));
    assertThat(connector.notes())
        .singleElement()
        .asString()
        .contains("queryTimeout = 2, in whole seconds", "ALTER ROLE", "statement_timeout = 1500");
  }

  /** What is done for Neon's pooler works: here against a server of our own. */
  @Test
  void theDriversQueryTimeoutEndsAStatement() throws SQLException {
    PhysicalConnection session =
        open(
            server().libpqUrl(),
            c -> c.commandTimeout(Duration.ZERO).properties(Map.of("queryTimeout", "1")));
    assertThatThrownBy(() -> ask(session, "select pg_sleep(30)"))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57014"));
    assertThat(ask(session, "select 1")).isEqualTo("1");
    session.close();
  }

  @Test
  void whatIsNotOursIsLeftAlone() {
    assertThat(defaults(Map.of(), PoolerMode.NONE, c -> c).keySet())
        .containsExactlyInAnyOrderElementsOf(
            List.of(
                "ApplicationName",
                "tcpKeepAlive",
                "assumeMinServerVersion",
                "options",
                "socketTimeout"));
  }
}
