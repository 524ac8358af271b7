package io.everpool.postgresql;

import static io.everpool.postgresql.Sessions.TIMEOUT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.core.Everpool;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.PgBouncer;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/**
 * A PgBouncer goes on saying of its server what it was told at its own first login, and its clients
 * stay where they are while the server beneath them becomes another one.
 */
@Timeout(600)
@Tag("one-jdk")
class PooledStandbyTest {
  private static PostgresServer primary;
  private static Replica standby;

  @BeforeAll
  static void start() {
    assumeTrue(PgBouncer.Kind.FORGETS.isAvailable(), PgBouncer.Kind.FORGETS.missing());
    primary = PostgresServer.startEmbedded(ServerSettings.defaults());
    primary.execute("create table entry (run int)");
    primary.execute("grant all on entry to " + primary.user());
    standby = Replica.of(primary);
    standby.awaitReplayOf(primary);
  }

  @AfterAll
  static void stop() {
    if (standby != null) {
      standby.close();
    }
    if (primary != null) {
      primary.close();
    }
  }

  private static PgBouncer before(FaultProxy way) {
    return PgBouncer.Kind.FORGETS.before(primary, way, "transaction", Map.of());
  }

  private static String url(String hosts) {
    return "jdbc:postgresql://%s/%s?user=%s&password=%s&hostRecheckSeconds=0"
        .formatted(hosts, primary.database(), primary.user(), primary.password());
  }

  private static String at(PgBouncer pooler) {
    return pooler.host() + ":" + pooler.port();
  }

  private static String at(FaultProxy address) {
    return address.host() + ":" + address.port();
  }

  private static PostgresConnector connector(String hosts, PoolerMode mode) {
    return (PostgresConnector) Sessions.connector(url(hosts), c -> c.pooler(mode));
  }

  private static String told(PhysicalConnection session) throws SQLException {
    return String.valueOf(
        session.jdbc().unwrap(PGConnection.class).getParameterStatus("in_hot_standby"));
  }

  /**
   * One PgBouncer for each of two nodes; the standby is promoted, and the old primary comes back.
   */
  @ParameterizedTest
  @EnumSource(names = {"TRANSACTION", "SESSION", "AUTO"})
  void thePromotedStandbyIsThePrimaryThoughItsPoolerSaysOtherwise(PoolerMode mode)
      throws SQLException {
    try (Replica next = Replica.of(primary);
        FaultProxy wayToOld = FaultProxy.before(primary);
        FaultProxy wayToNext = FaultProxy.before(next.server());
        PgBouncer beforeOld = before(wayToOld);
        PgBouncer beforeNext = before(wayToNext);
        FaultProxy old = FaultProxy.before(beforeOld);
        PostgresConnector reader = connector(at(beforeNext), mode);
        PostgresConnector connector = connector(at(old) + "," + at(beforeNext), mode)) {
      PhysicalConnection reads = reader.open(TIMEOUT);
      assertThat(reads.beganReadOnly()).isTrue();
      reads.close();
      PhysicalConnection before = connector.open(TIMEOUT);
      assertThat(before.beganReadOnly()).isFalse();
      before.close();

      old.refuse();
      next.promote();
      PhysicalConnection now = connector.open(TIMEOUT);
      assertThat(told(now)).as("in_hot_standby, as PgBouncer has it").isEqualTo("on");
      assertThat(Sessions.ask(now, "select pg_is_in_recovery()")).isEqualTo("f");
      assertThat(now.beganReadOnly()).as("taken for a standby").isFalse();
      assertThat(now.isServerReadOnly(SideEffects.NONE)).as("to be replaced").isFalse();
      assertThat(now.supersedesEarlier()).as("news").isTrue();
      now.close();

      old.accept();
      PhysicalConnection again = connector.open(TIMEOUT);
      assertThat(Sessions.ask(again, "select inet_server_port()"))
          .as("where what is written stays")
          .isEqualTo("" + next.server().port());
      again.close();
    }
  }

  /**
   * pgjdbc asks no server of which it was told {@code in_hot_standby}, and by a pooler that is told
   * for good.
   */
  @ParameterizedTest
  @ValueSource(strings = {"extra_float_digits", "extra_float_digits,options"})
  void aPromotedServerIsFoundWhereAPrimaryIsAskedFor(String ignored) throws SQLException {
    Map<String, String> settings = Map.of("ignore_startup_parameters", ignored);
    try (Replica next = Replica.of(primary);
        FaultProxy wayToNext = FaultProxy.before(next.server());
        FaultProxy wayToStandby = FaultProxy.before(standby.server());
        PgBouncer beforeNext =
            PgBouncer.Kind.FORGETS.before(primary, wayToNext, "transaction", settings);
        PgBouncer beforeStandby =
            PgBouncer.Kind.FORGETS.before(primary, wayToStandby, "transaction", settings);
        PostgresConnector reader = connector(at(beforeNext), PoolerMode.AUTO)) {
      reader.open(TIMEOUT).close();
      String promoted = at(beforeNext);
      String follows = at(beforeStandby);
      assertNoPrimary(promoted);
      assertNoPrimary(follows + "," + promoted);

      next.promote();
      for (String hosts : List.of(promoted, follows + "," + promoted, promoted + "," + follows)) {
        for (PoolerMode mode :
            List.of(PoolerMode.TRANSACTION, PoolerMode.SESSION, PoolerMode.AUTO)) {
          for (String type : List.of("primary", "master")) {
            try (PostgresConnector connector = asking(hosts, type, mode)) {
              PhysicalConnection now = connector.open(TIMEOUT);
              assertThat(told(now)).as("in_hot_standby, as PgBouncer has it").isEqualTo("on");
              assertThat(Sessions.ask(now, "select inet_server_port()"))
                  .isEqualTo("" + next.server().port());
              assertThat(now.beganReadOnly()).isFalse();
              assertThat(now.isServerReadOnly(SideEffects.NONE)).isFalse();
              now.close();
            }
          }
        }
      }
      assertNoPrimary(follows);
    }
  }

  private static PostgresConnector asking(String hosts, String type, PoolerMode mode) {
    return (PostgresConnector)
        Sessions.connector(url(hosts) + "&targetServerType=" + type, c -> c.pooler(mode));
  }

  /** In the driver's words, for there is nothing else to say. */
  private static void assertNoPrimary(String hosts) {
    for (PoolerMode mode : PoolerMode.values()) {
      if (mode != PoolerMode.NONE) {
        try (PostgresConnector connector = asking(hosts, "primary", mode)) {
          assertThatThrownBy(() -> connector.open(TIMEOUT))
              .hasMessageContaining("Could not find a server with specified targetServerType");
        }
      }
    }
  }

  /** The node becomes a standby, and so PgBouncer's next server connection is read-only. */
  @Test
  void aWriteThatIsRefusedBeneathThePoolerIsTheServers() throws SQLException {
    try (FaultProxy way = FaultProxy.before(primary);
        PgBouncer pooler = before(way);
        PostgresConnector connector = connector(at(pooler), PoolerMode.AUTO)) {
      PhysicalConnection session = connector.open(TIMEOUT);
      way.target(standby.server());
      way.cut(Cut.FIN);
      assertThatThrownBy(() -> write(session)).hasFieldOrPropertyWithValue("SQLState", "25006");
      assertThat(told(session)).isEqualTo("off");
      assertThat(session.isWriteRefusedByServer(SideEffects.NONE)).isTrue();
      assertThat(session.isServerReadOnly(SideEffects.NONE)).as("seen without a write").isFalse();

      SideEffects set = connector.sideEffects("set default_transaction_read_only = on");
      assertThat(session.isWriteRefusedByServer(set)).as("by the program").isFalse();
      session.jdbc().setReadOnly(true);
      assertThat(session.isWriteRefusedByServer(SideEffects.NONE)).as("as declared").isFalse();
      session.jdbc().setReadOnly(false);
      session.close();
    }
  }

  /** Whoever has only met a standby is meant to be there. */
  @Test
  void aWriteThatIsRefusedWhereNobodyWritesIsTheCallers() throws SQLException {
    try (FaultProxy way = FaultProxy.before(standby.server());
        PgBouncer pooler = before(way);
        PostgresConnector connector = connector(at(pooler), PoolerMode.AUTO)) {
      PhysicalConnection session = connector.open(TIMEOUT);
      assertThatThrownBy(() -> write(session)).hasFieldOrPropertyWithValue("SQLState", "25006");
      assertThat(session.isWriteRefusedByServer(SideEffects.NONE)).isFalse();
      session.close();
    }
  }

  private static void write(PhysicalConnection session) throws SQLException {
    Sessions.execute(session, "insert into entry values (0)");
  }

  /** Two nodes swap their roles, in good order, beneath their two PgBouncers. */
  @Test
  void aUnitWhoseWriteIsRefusedIsRunAgainWhereWritesAreTaken() throws SQLException {
    try (FaultProxy one = FaultProxy.before(primary);
        FaultProxy other = FaultProxy.before(standby.server());
        PgBouncer beforeOne = before(one);
        PgBouncer beforeOther = before(other);
        PostgresConnector reader = connector(at(beforeOther), PoolerMode.AUTO);
        Pool pool =
            Everpool.open(
                PoolConfig.builder(url(at(beforeOne) + "," + at(beforeOther)))
                    .maxSize(2)
                    .build())) {
      reader.open(TIMEOUT).close();
      insert(pool, 1);
      one.target(standby.server());
      other.target(primary);
      one.cut(Cut.FIN);
      other.cut(Cut.FIN);
      insert(pool, 2);
      insert(pool, 3);
    }
    assertThat(primary.ask("select string_agg(run::text, ' ' order by run) from entry"))
        .isEqualTo("1 2 3");
  }

  private static void insert(Pool pool, int run) throws SQLException {
    pool.<SQLException>useTransaction(
        connection -> {
          try (Statement statement = connection.createStatement()) {
            statement.execute("insert into entry values (" + run + ")");
          }
        });
  }
}
