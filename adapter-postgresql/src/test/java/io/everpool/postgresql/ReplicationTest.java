package io.everpool.postgresql;

import static io.everpool.postgresql.Sessions.TIMEOUT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How far a real standby is, streaming, standing still, left alone and promoted. */
@Timeout(600)
class ReplicationTest {
  private PostgresServer primary;
  private Replica replica;
  private PhysicalConnection writer;
  private PhysicalConnection reader;

  @BeforeEach
  void start() throws SQLException {
    primary = PostgresServer.startEmbedded(ServerSettings.defaults());
    primary.execute("create table note (id serial primary key)");
    primary.execute("grant all on all tables in schema public to public");
    primary.execute("grant all on all sequences in schema public to public");
    replica = Replica.of(primary);
    replica.awaitReplayOf(primary);
    writer = Sessions.open(primary.libpqUrl());
    reader = Sessions.open(replica.server().libpqUrl());
  }

  @AfterEach
  void stop() {
    writer.abort();
    reader.abort();
    replica.close();
    primary.close();
  }

  private void write() throws SQLException {
    Sessions.execute(writer, "insert into note default values");
  }

  private interface Fact {
    boolean holds() throws SQLException;
  }

  private static void await(Fact fact, String what) {
    Await.until(
        Sessions.LIMIT,
        () -> {
          try {
            return fact.holds();
          } catch (SQLException e) {
            throw new AssertionError(e);
          }
        },
        what);
  }

  private void pauseReplay() {
    replica.server().execute("select pg_wal_replay_pause()");
    Await.until(
        Sessions.LIMIT,
        () -> replica.server().ask("select pg_get_wal_replay_pause_state()").equals("paused"),
        "the replay to pause");
  }

  private void resumeReplay() {
    replica.server().execute("select pg_wal_replay_resume()");
  }

  /** However long ago its last transaction was. */
  @Test
  void aStandbyThatHasReplayedAllItHasReceivedLagsNotAtAll() throws SQLException {
    assertThat(writer.replicaLag(TIMEOUT)).isZero();
    write();
    await(() -> reader.replicaLag(TIMEOUT).isZero(), "the standby to have replayed all");
  }

  @Test
  void aStandbyThatStandsStillLags() throws SQLException {
    write();
    await(() -> reader.replicaLag(TIMEOUT).isZero(), "the standby to have replayed all");
    pauseReplay();
    write();
    await(() -> reader.replicaLag(TIMEOUT).toMillis() > 300, "the standby to lag");
    resumeReplay();
    await(() -> reader.replicaLag(TIMEOUT).isZero(), "the standby to have caught up");
  }

  /** Of one that has just been started nobody knows how old that is which it shows. */
  @Test
  void aStandbyThatHasReplayedNoTransactionYetLagsForVeryLong() throws SQLException {
    pauseReplay();
    write();
    await(() -> reader.replicaLag(TIMEOUT).toDays() > 365, "the standby to lag");
    resumeReplay();
    await(() -> reader.replicaLag(TIMEOUT).isZero(), "the standby to have caught up");
  }

  /** What it doesn't receive it can't know. */
  @Test
  void aStandbyThatReceivesNothingLagsSinceItsLastTransaction() throws SQLException {
    write();
    replica.awaitReplayOf(primary);
    primary.crash();
    await(() -> reader.replicaLag(TIMEOUT).compareTo(Duration.ZERO) > 0, "the standby to lag");
    Duration before = reader.replicaLag(TIMEOUT);
    await(() -> reader.replicaLag(TIMEOUT).compareTo(before) > 0, "the lag to grow");
  }

  /** Also what was committed without waiting for the disk. */
  @Test
  void whatWasCommittedIsReachedOnceItIsReplayed() throws SQLException {
    Sessions.execute(writer, "set synchronous_commit = off");
    for (int i = 0; i < 20; i++) {
      write();
      String position = writer.position(TIMEOUT);
      assertThat(writer.hasReached(position, TIMEOUT)).isTrue();
      await(
          () -> reader.hasReached(position, TIMEOUT), "the standby to come as far as " + position);
      assertThat(Sessions.ask(reader, "select count(*) from note"))
          .isEqualTo(Sessions.ask(writer, "select count(*) from note"));
    }
    pauseReplay();
    write();
    String position = writer.position(TIMEOUT);
    assertThat(reader.hasReached(position, TIMEOUT)).isFalse();
    resumeReplay();
    await(() -> reader.hasReached(position, TIMEOUT), "the standby to come as far as " + position);
  }

  /** There the next record goes behind a header, which a standby doesn't reach by itself. */
  @Test
  void atTheBeginningOfASegmentThePositionIsTheEndOfTheOneBefore() {
    await(
        () -> {
          primary.execute("select pg_switch_wal()");
          return writer.position(TIMEOUT).endsWith("000000")
              && reader.hasReached(writer.position(TIMEOUT), TIMEOUT);
        },
        "an empty segment");
  }

  @Test
  void whatIsNoPositionIsRefusedAndTheSessionGoesOn() throws SQLException {
    assertThatThrownBy(() -> reader.hasReached("1:0/0' or true --", TIMEOUT))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("22023"));
    assertThat(reader.hasReached("1:0/0", TIMEOUT)).isTrue();
    assertThat(reader.inStep()).isTrue();
  }

  /** It knows what it had replayed and what it wrote itself, and nothing that the other writes. */
  @Test
  void aStandbyThatWasPromotedShowsWhatWasBeforeAndWhatIsItsOwn() throws SQLException {
    write();
    String before = writer.position(TIMEOUT);
    replica.awaitReplayOf(primary);
    replica.promote();
    write();
    write();
    String elsewhere = writer.position(TIMEOUT);
    String own = reader.position(TIMEOUT);

    assertThat(reader.replicaLag(TIMEOUT)).isZero();
    assertThat(reader.hasReached(before, TIMEOUT)).isTrue();
    assertThat(reader.hasReached(own, TIMEOUT)).isTrue();
    assertThat(own).startsWith("2:");
    Sessions.execute(reader, "insert into note select from generate_series(1, 1000)");
    assertThat(reader.hasReached(elsewhere, TIMEOUT)).isFalse();
    assertThat(reader.hasReached(reader.position(TIMEOUT), TIMEOUT)).isTrue();
    assertThat(writer.hasReached(reader.position(TIMEOUT), TIMEOUT)).isFalse();
  }

  /** For a pool that writes it is gone; for one that reads nothing has happened. */
  @Test
  void aReadersServerMayBecomeAStandby() throws SQLException {
    try (FaultProxy address = FaultProxy.before(primary)) {
      PoolConfig config =
          PoolConfig.builder(primary.libpqUrl(address.host(), address.port())).build();
      try (Connector reads = new PostgresAdapter().readerConnector(config);
          Connector writes = new PostgresAdapter().connector(config)) {
        reads.open(TIMEOUT).abort();
        writes.open(TIMEOUT).abort();
        address.target(replica.server());
        PhysicalConnection readsNow = reads.open(TIMEOUT);
        PhysicalConnection writesNow = writes.open(TIMEOUT);
        assertThat(readsNow.isServerReadOnly(SideEffects.NONE)).isFalse();
        assertThat(writesNow.isServerReadOnly(SideEffects.NONE)).isTrue();
        readsNow.abort();
        writesNow.abort();
      }
    }
  }
}
