package io.everpool.postgresql;

import static io.everpool.postgresql.Sessions.TIMEOUT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.everpool.api.PoolerMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.failure.Timelines;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PgBouncer;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An old primary, one of its standbys promoted, and another that follows the old one still; behind
 * one address that leads to one after the other, or in one list.
 *
 * <p>A little long, for all of its tests share three servers and a failover, which take their time.
 */
@Timeout(600)
@Tag("one-jdk")
class SupersededServerTest {
  private static PostgresServer old;
  private static Replica promoted;
  private static Replica follower;

  private FaultProxy address;
  private PostgresConnector connector;

  @BeforeAll
  static void failOver() {
    old = PostgresServer.startEmbedded(ServerSettings.defaults());
    promoted = Replica.of(old);
    follower = Replica.of(old);
    promoted.awaitReplayOf(old);
    follower.awaitReplayOf(old);
    promoted.promote();
  }

  @AfterAll
  static void stop() {
    follower.close();
    promoted.close();
    old.close();
  }

  @BeforeEach
  void connector() {
    address = FaultProxy.before(old);
    connector =
        (PostgresConnector)
            Sessions.connector(url(address.host() + ":" + address.port(), ""), c -> c);
  }

  @AfterEach
  void close() {
    connector.close();
    address.close();
  }

  private static String url(String hosts, String more) {
    return "jdbc:postgresql://%s/%s?user=%s&password=%s%s"
        .formatted(hosts, old.database(), old.user(), old.password(), more);
  }

  private static String at(PostgresServer server) {
    return server.host() + ":" + server.port();
  }

  private PhysicalConnection open(PostgresServer server) throws SQLException {
    address.target(server);
    return connector.open(TIMEOUT);
  }

  /** What the pool learns of the connection. */
  private boolean supersedes(PostgresServer server) throws SQLException {
    PhysicalConnection connection = open(server);
    boolean news = connection.supersedesEarlier();
    connection.close();
    return news;
  }

  private void refused() {
    assertThatThrownBy(() -> open(old))
        .isInstanceOfSatisfying(
            SQLException.class,
            e -> {
              assertThat(e.getSQLState()).isEqualTo("08001");
              assertThat(connector.classify(e)).isEqualTo(Verdict.SERVER_STARTING);
            })
        .hasMessageContaining(
            at(address) + " takes writes on timeline 1, a lower timeline than the 2 that was seen")
        .hasMessageContaining("it was the primary before a failover")
        .hasMessageContaining("No other host takes its place yet. Stop it, or make it a standby");
  }

  private static String at(FaultProxy address) {
    return address.host() + ":" + address.port();
  }

  @Test
  void theNewPrimaryIsNewsOnceAndTheOldOneIsRefusedFromThenOn() throws SQLException {
    assertThat(supersedes(old)).isFalse();
    assertThat(supersedes(old)).isFalse();
    assertThat(supersedes(promoted.server())).isTrue();
    refused();
    refused();
    assertThat(supersedes(promoted.server())).isFalse();
    awaitNoSession();
  }

  /** Nothing can be lost that nobody writes. */
  @Test
  void aStandbyOfTheOldPrimaryIsReadFrom() throws SQLException {
    assertThat(supersedes(promoted.server())).isFalse();
    PhysicalConnection reader = open(follower.server());
    assertThat(Sessions.ask(reader, "select pg_is_in_recovery()")).isEqualTo("t");
    assertThat(reader.supersedesEarlier()).isFalse();
    reader.close();
    refused();
  }

  @Test
  void aSessionThatIsReadOnlyFromItsBeginningIsNotRefused() throws SQLException {
    String hosts = at(address);
    try (PostgresConnector readers =
        (PostgresConnector)
            Sessions.connector(
                url(hosts, "&options=-c%20default_transaction_read_only=on"), c -> c)) {
      for (PostgresServer server : List.of(promoted.server(), old)) {
        address.target(server);
        PhysicalConnection reader = readers.open(TIMEOUT);
        assertThat(reader.supersedesEarlier()).isFalse();
        reader.close();
      }
    }
  }

  /** Servers before version 14 don't say what they are until they are asked. */
  @Test
  void whoeverIsAskedAndDoesNotWriteIsNotJudged() throws SQLException {
    Timelines timelines = new Timelines();
    try (Connection current = connect(promoted.server());
        Connection superseded = connect(old);
        Connection standby = connect(follower.server())) {
      assertThat(timelines.judge(current, "current").supersedesEarlier().getAsBoolean()).isFalse();
      assertThat(timelines.judge(standby, "standby")).isSameAs(Timelines.Judgement.READS);
      assertThatThrownBy(() -> timelines.judge(superseded, "superseded"))
          .isInstanceOf(Timelines.Superseded.class);
      superseded.createStatement().execute("set default_transaction_read_only = on");
      assertThat(timelines.judge(superseded, "superseded")).isSameAs(Timelines.Judgement.READS);
    }
  }

  private static Connection connect(PostgresServer server) throws SQLException {
    return DriverManager.getConnection(url(at(server), ""));
  }

  /**
   * One question for each connection, and none where the server has said that it is a standby and
   * nobody expects a primary.
   */
  @Test
  void aStandbyIsNotEvenAsked() throws SQLException {
    open(old).close(); // which has read the catalogue
    PhysicalConnection primary = open(old);
    assertThat(lastQuery(old)).contains("pg_control_system");
    primary.close();
    try (PostgresConnector readers =
        (PostgresConnector) Sessions.connector(url(at(follower.server()), ""), c -> c)) {
      readers.open(TIMEOUT).close(); // by which it was seen that there is no pooler
      PhysicalConnection standby = readers.open(TIMEOUT);
      assertThat(lastQuery(follower.server())).isEmpty();
      standby.close();
    }
  }

  private static String lastQuery(PostgresServer server) {
    Await.until(Sessions.LIMIT, () -> server.backendPids().size() == 1, "one session");
    int pid = server.backendPids().get(0);
    return server.ask("select query from pg_stat_activity where pid = " + pid);
  }

  /** The old primary first, last, or in the middle of a host that isn't there. */
  @Test
  void amongSeveralHostsTheOneThatWasNotSupersededIsFound() throws SQLException {
    String nobody = "127.0.0.1:1";
    String now = at(promoted.server());
    for (String hosts :
        List.of(
            at(old) + "," + now,
            now + "," + at(old),
            at(old) + "," + nobody + "," + now,
            nobody + "," + at(old) + "," + now)) {
      for (String wanted : List.of("primary", "any", "preferSecondary")) {
        try (PostgresConnector several =
            (PostgresConnector)
                Sessions.connector(
                    url(hosts, "&hostRecheckSeconds=0&targetServerType=" + wanted), c -> c)) {
          several.timelines.judge("elsewhere", system(), "00000002");
          PhysicalConnection connection = several.open(TIMEOUT);
          assertThat(Sessions.ask(connection, "select inet_server_port()"))
              .as(hosts + " " + wanted)
              .isEqualTo(String.valueOf(promoted.server().port()));
          connection.close();
        }
      }
    }
    awaitNoSession();
  }

  /** What was refused leaves none. */
  private static void awaitNoSession() {
    Await.until(
        Sessions.LIMIT, () -> old.backendPids().isEmpty(), "no session of what was refused");
  }

  private static String system() {
    return old.ask("select system_identifier from pg_control_system()");
  }

  /** What is wrong with the other is what can be mended, and decides how the pool goes on. */
  @Test
  void whereNoOtherHostServesTheFailureIsItsOwnAndNamesWhatWasPassedOver() throws SQLException {
    try (PostgresConnector several =
        (PostgresConnector) Sessions.connector(url(at(old) + ",127.0.0.1:1", ""), c -> c)) {
      several.timelines.judge("elsewhere", system(), "00000002");
      assertThatThrownBy(() -> several.open(TIMEOUT))
          .satisfies(e -> assertThat(several.classify(e)).isEqualTo(Verdict.SERVER_DOWN))
          .hasMessageContaining("Connection to 127.0.0.1:1 refused")
          .hasMessageContaining("Passed over: " + at(old) + " takes writes on timeline 1, a lower");
    }
  }

  /** The old primary lets the login in, and yet it isn't the one to wait for. */
  @ParameterizedTest
  @ValueSource(strings = {"old,new", "new,old", "old,old,new", "new,old,old"})
  void whereTheNewPrimaryRefusesTheLoginThatIsTheFailure(String hosts) throws SQLException {
    try (FaultProxy first = FaultProxy.before(old);
        FaultProxy second = FaultProxy.before(old)) {
      String named =
          hosts
              .replaceFirst("old", at(first))
              .replaceFirst("old", at(second))
              .replace("new", at(promoted.server()));
      promoted.server().execute("alter role app nologin");
      for (PoolerMode mode : List.of(PoolerMode.NONE, PoolerMode.AUTO)) {
        try (PostgresConnector several =
            (PostgresConnector)
                Sessions.connector(url(named, "&hostRecheckSeconds=0"), c -> c.pooler(mode))) {
          several.timelines.judge("elsewhere", system(), "00000002");
          long before = first.accepted();
          assertThatThrownBy(() -> several.open(TIMEOUT))
              .satisfies(e -> assertThat(several.classify(e)).isEqualTo(Verdict.ACCESS_DENIED))
              .hasMessageContaining("is not permitted to log in")
              .hasMessageContaining(
                  "Passed over: " + at(first) + " takes writes on timeline 1, a lower")
              .hasMessageNotContaining("Other hosts");
          assertThat(first.accepted() - before).as("logins at the old one").isEqualTo(1);
        }
      }
    } finally {
      promoted.server().execute("alter role app login");
    }
    awaitNoSession();
  }

  /** Wherever they stand, and however the new one has failed before the driver came to the old. */
  @ParameterizedTest
  @CsvSource({
    "'old,new', nologin, NONE",
    "'old,new', connection limit 0, AUTO",
    "'new,old', nologin, NONE",
    "'new,old', nologin, AUTO",
    "'new,old', connection limit 0, NONE",
    "'new,old', connection limit 0, AUTO",
    "'new,new,old', nologin, AUTO",
    "'new,new,old', connection limit 0, AUTO",
    "'new,old,new', nologin, AUTO",
    "'new,old,new', connection limit 0, AUTO"
  })
  void eachHostIsAskedOnceWhereOneIsSuperseded(String hosts, String refusing, PoolerMode mode)
      throws SQLException {
    promoted.server().execute("alter role app " + refusing);
    try (FaultProxy superseded = FaultProxy.before(old);
        FaultProxy first = FaultProxy.before(promoted.server());
        FaultProxy second = FaultProxy.before(promoted.server())) {
      String named =
          hosts
              .replace("old", at(superseded))
              .replaceFirst("new", at(first))
              .replace("new", at(second));
      try (PostgresConnector several =
          (PostgresConnector)
              Sessions.connector(url(named, "&hostRecheckSeconds=0"), c -> c.pooler(mode))) {
        several.timelines.judge("elsewhere", system(), "00000002");
        assertThatThrownBy(() -> several.open(TIMEOUT))
            .satisfies(
                e ->
                    assertThat(several.classify(e))
                        .isEqualTo(
                            refusing.equals("nologin")
                                ? Verdict.ACCESS_DENIED
                                : Verdict.OUT_OF_SLOTS))
            .hasMessageContaining("Passed over: " + at(superseded) + " takes writes on timeline");
        assertThat(List.of(superseded.accepted(), first.accepted(), second.accepted()))
            .isEqualTo(List.of(1L, 1L, hosts.split("new", -1).length - 2L));
      }
    } finally {
      promoted.server().execute("alter role app login connection limit -1");
    }
    awaitNoSession();
  }

  @ParameterizedTest
  @CsvSource({
    "127.1:%d",
    "2130706433:%d",
    "LOCALHOST:%d",
    "[::ffff:127.0.0.1]:%d",
    "'127.1:%d,127.0.0.1:%d'",
    "'127.0.0.1:%d,2130706433:%d'",
    "'localhost:%d,LOCALHOST:%d'"
  })
  void aSupersededHostIsAskedOnceHoweverItIsSpelled(String spelling) throws SQLException {
    promoted.server().execute("alter role app nologin");
    try (FaultProxy superseded = FaultProxy.before(old);
        PostgresConnector several =
            (PostgresConnector)
                Sessions.connector(
                    url(
                        spelling.replace("%d", String.valueOf(superseded.port()))
                            + ","
                            + at(promoted.server()),
                        "&hostRecheckSeconds=0"),
                    c -> c.pooler(PoolerMode.NONE))) {
      several.timelines.judge("elsewhere", system(), "00000002");
      assertThatThrownBy(() -> several.open(TIMEOUT))
          .satisfies(e -> assertThat(several.classify(e)).isEqualTo(Verdict.ACCESS_DENIED))
          .hasMessageContaining("Passed over: ");
      assertThat(superseded.accepted()).isEqualTo(1);
    } finally {
      promoted.server().execute("alter role app login");
    }
    awaitNoSession();
  }

  /** The driver has passed the old primary over; asked alone it says no more than it ever does. */
  @Test
  void anOldPrimaryThatWasPassedOverIsPassedOverStill() throws SQLException {
    promoted.server().execute("alter role app nologin");
    String hosts = at(address) + "," + at(promoted.server());
    try (PostgresConnector several =
        (PostgresConnector)
            Sessions.connector(
                url(hosts, "&hostRecheckSeconds=600"), c -> c.pooler(PoolerMode.NONE))) {
      several.timelines.judge("elsewhere", system(), "00000002");
      address.refuse();
      assertThatThrownBy(() -> several.open(TIMEOUT))
          .satisfies(e -> assertThat(several.classify(e)).isEqualTo(Verdict.SERVER_DOWN));
      address.accept();
      assertThatThrownBy(() -> several.open(TIMEOUT))
          .satisfies(e -> assertThat(several.classify(e)).isEqualTo(Verdict.ACCESS_DENIED))
          .hasMessageContaining("Passed over: " + at(address) + " takes writes on timeline 1");
    } finally {
      promoted.server().execute("alter role app login");
    }
  }

  /** It was a standby, and for that was set aside; now it takes writes that would be lost. */
  @Test
  void whereTheOldPrimaryWasSetAsideTheOthersFailureIsTheFailure() throws SQLException {
    try (FaultProxy now = FaultProxy.before(promoted.server());
        PostgresConnector several =
            (PostgresConnector)
                Sessions.connector(
                    url(at(address) + "," + at(now), "&hostRecheckSeconds=0"), c -> c)) {
      several.open(TIMEOUT).close();
      address.target(follower.server());
      several.open(TIMEOUT).close(); // at the other, which writes
      address.target(old);
      promoted.server().execute("alter role app nologin");
      assertThatThrownBy(() -> several.open(TIMEOUT))
          .satisfies(e -> assertThat(several.classify(e)).isEqualTo(Verdict.ACCESS_DENIED))
          .hasMessageContaining("Passed over: " + at(address) + " takes writes on timeline 1")
          .hasMessageNotContaining("Other hosts");
    } finally {
      promoted.server().execute("alter role app login");
    }
    awaitNoSession();
  }

  @Test
  void aPoolerBeforeTheOldPrimaryHidesNothing() throws SQLException {
    assumeTrue(PgBouncer.Kind.FORGETS.isAvailable(), PgBouncer.Kind.FORGETS.missing());
    assertThat(supersedes(promoted.server())).isFalse();
    try (PgBouncer pooler = PgBouncer.before(old, "transaction");
        Connection pooled = DriverManager.getConnection(url(at(pooler), "&prepareThreshold=0"))) {
      assertThatThrownBy(() -> connector.timelines.judge(pooled, "pooler"))
          .isInstanceOf(Timelines.Superseded.class);
    }
  }

  private static String at(PgBouncer pooler) {
    return pooler.host() + ":" + pooler.port();
  }

  /** Other products, old versions, roles without the right: they are used as they were before. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "pg_control_system()",
        "pg_walfile_name(pg_lsn)",
        "pg_current_wal_insert_lsn()",
        "pg_is_in_recovery()"
      })
  void aServerThatLacksAFunctionOrTheRightToItIsUsedAsItWas(String function) throws SQLException {
    String name = function.substring(0, function.indexOf('('));
    servesWith("revoke execute on function " + function + " from public");
    promoted.server().execute("grant execute on function " + function + " to public");
    servesWith("alter function pg_catalog." + function + " rename to gone");
    String gone = "pg_catalog.gone" + function.substring(name.length());
    promoted.server().execute("alter function " + gone + " rename to " + name);
  }

  /** And whatever it says instead. */
  @ParameterizedTest
  @ValueSource(strings = {"0A000", "22023", "42704", "55000", "57014", "P0001", "XX000"})
  void aServerThatFailsToAnswerIsUsedAsItWas(String state) throws SQLException {
    promoted.server().execute("alter function pg_catalog.pg_control_system() rename to gone");
    servesWith(
        "create function pg_catalog.pg_control_system() returns table (system_identifier bigint)"
            + " language plpgsql as $$ begin raise exception using errcode = '"
            + state
            + "'; end $$");
    promoted.server().execute("drop function pg_catalog.pg_control_system()");
    promoted.server().execute("alter function pg_catalog.gone() rename to pg_control_system");
  }

  @Test
  void aConnectionThatIsLostAtTheQuestionIsAFailedConnect() {
    PostgresServer server = promoted.server();
    server.execute("alter function pg_catalog.pg_control_system() rename to gone");
    server.execute(
        "create function pg_catalog.pg_control_system() returns table (system_identifier bigint)"
            + " language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); end $$");
    assertThatThrownBy(() -> open(server))
        .satisfies(e -> assertThat(connector.classify(e)).isEqualTo(Verdict.SERVER_DOWN));
    server.execute("drop function pg_catalog.pg_control_system()");
    server.execute("alter function pg_catalog.gone() rename to pg_control_system");
  }

  private void servesWith(String oddity) throws SQLException {
    promoted.server().execute(oddity);
    try (PostgresConnector unlike =
        (PostgresConnector) Sessions.connector(url(at(promoted.server()), ""), c -> c)) {
      for (int i = 0; i < 3; i++) {
        PhysicalConnection connection = unlike.open(TIMEOUT);
        assertThat(connection.supersedesEarlier()).isFalse();
        assertThat(Sessions.ask(connection, "select 1")).isEqualTo("1");
        connection.validate(TIMEOUT);
        connection.close();
      }
    }
  }
}
