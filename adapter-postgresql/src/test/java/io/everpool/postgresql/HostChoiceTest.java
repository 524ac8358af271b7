package io.everpool.postgresql;

import static io.everpool.postgresql.Sessions.TIMEOUT;
import static io.everpool.postgresql.Sessions.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A URL of two hosts that doesn't say what kind of server it wants. */
@Timeout(600)
class HostChoiceTest {
  private static PostgresServer primary;
  private static Replica replica;

  /** The hosts of the URL, in its order. */
  private FaultProxy one;

  private FaultProxy other;
  private PostgresConnector connector;

  @BeforeAll
  static void start() {
    primary = PostgresServer.startEmbedded(ServerSettings.defaults());
    replica = Replica.of(primary);
    replica.awaitReplayOf(primary);
  }

  @AfterAll
  static void stop() {
    replica.close();
    primary.close();
  }

  @BeforeEach
  void connector() {
    one = FaultProxy.before(primary);
    other = FaultProxy.before(replica.server());
    connector = connector("");
  }

  @AfterEach
  void close() {
    connector.close();
    one.close();
    other.close();
  }

  private PostgresConnector connector(String more) {
    String hosts = one.host() + ":" + one.port() + "," + other.host() + ":" + other.port();
    String url =
        "jdbc:postgresql://%s/%s?user=%s&password=%s&hostRecheckSeconds=0%s"
            .formatted(hosts, primary.database(), primary.user(), primary.password(), more);
    return (PostgresConnector) Sessions.connector(url, c -> c);
  }

  /** The roles are swapped: the first host is a standby from now on, the second the primary. */
  private void swap() {
    one.target(replica.server());
    other.target(primary);
  }

  private boolean writes() throws SQLException {
    return writes(connector);
  }

  private static boolean writes(PostgresConnector connector) throws SQLException {
    PhysicalConnection connection = connector.open(TIMEOUT);
    boolean reads = "t".equals(Sessions.ask(connection, "select pg_is_in_recovery()"));
    assertThat(connection.beganReadOnly()).isEqualTo(reads);
    connection.close();
    return !reads;
  }

  @Test
  void whereSessionsHaveWrittenAStandbyIsLeftForTheNextHost() throws SQLException {
    assertThat(writes()).isTrue();
    swap();
    assertThat(writes()).isTrue();
    long asked = one.accepted();
    for (int i = 0; i < 30; i++) {
      assertThat(writes()).isTrue();
    }
    // Within a second it isn't asked at all, and then half as often each time.
    assertThat(one.accepted() - asked).as("connects to the standby").isLessThan(10);
    Await.until(
        Sessions.LIMIT, () -> replica.server().backendPids().isEmpty(), "no session left there");
  }

  /** Whoever reads is meant to be where he is, until he writes. */
  @Test
  void aStandbyIsUsedUntilAWriteIsRefusedThere() throws SQLException {
    swap();
    PhysicalConnection reader = connector.open(TIMEOUT);
    assertThat(reader.beganReadOnly()).isTrue();
    assertThat(reader.isServerReadOnly(SideEffects.NONE)).isFalse();
    assertThat(writes()).isFalse();

    reader.jdbc().setReadOnly(true);
    assertThat(reader.isWriteRefusedByServer(SideEffects.NONE)).as("as declared").isFalse();
    reader.jdbc().setReadOnly(false);
    assertThatThrownBy(() -> execute(reader, "create table nowhere (x int)"))
        .hasFieldOrPropertyWithValue("SQLState", "25006");
    assertThat(reader.isWriteRefusedByServer(SideEffects.NONE)).isTrue();
    reader.close();

    assertThat(writes()).isTrue();
  }

  @Test
  void aStandbyIsBetterThanNothing() throws SQLException {
    assertThat(writes()).isTrue();
    swap();
    other.target(replica.server());
    assertThat(writes()).as("both are standbys").isFalse();
    other.refuse();
    assertThat(writes()).as("the other is down").isFalse();
    other.accept();
    one.refuse();
    assertThat(writes()).as("the one is down").isFalse();
    one.accept();
    one.target(primary);
    one.refuse();
    other.refuse();
    assertThatThrownBy(this::writes).hasFieldOrPropertyWithValue("SQLState", "08001");
  }

  /** One that was a standby a moment ago is tried all the same if there is nothing else. */
  @Test
  void aHostThatWasSetAsideIsTakenWhereTheOthersFail() throws SQLException {
    assertThat(writes()).isTrue();
    swap();
    assertThat(writes()).as("by the other host").isTrue();
    one.target(primary);
    other.refuse();
    assertThat(writes()).as("by the first again").isTrue();
  }

  /** Who says what he wants gets that. */
  @ParameterizedTest
  @ValueSource(strings = {"&targetServerType=preferSecondary", "&targetServerType=secondary"})
  void aUrlThatSaysWhatItWantsIsFollowed(String wish) throws SQLException {
    try (PostgresConnector readers = connector(wish)) {
      other.target(primary);
      one.target(replica.server());
      assertThat(writes(readers)).isFalse();
    }
  }

  /** So that no session of it ever writes. */
  @Test
  void aPoolThatIsReadOnlyByItsOwnOptionsStaysWhereItIs() throws SQLException {
    try (PostgresConnector readers = connector("&options=-c%20default_transaction_read_only=on")) {
      for (int i = 0; i < 2; i++) {
        PhysicalConnection reader = readers.open(TIMEOUT);
        assertThat(reader.isWriteRefusedByServer(SideEffects.NONE)).isFalse();
        reader.close();
      }
      assertThat(other.accepted()).isZero();
    }
  }

  /** And not for longer than half of the time there is. */
  @Test
  void aHostThatDoesNotAnswerDoesNotKeepReadersFromAStandby() throws SQLException {
    assertThat(writes()).isTrue();
    swap();
    other.hang();
    PhysicalConnection reader = connector.open(20_000_000_000L);
    assertThat(reader.beganReadOnly()).isTrue();
    reader.close();
  }
}
