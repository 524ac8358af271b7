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
import io.everpool.servers.PostgresServer.Shutdown;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How far a real standby is, streaming, standing still, left alone and promoted. */
@Timeout(600)
@Tag("one-jdk")
class ReplicationTest {
  /** A primary, a standby that has caught up with it, and a session on either. */
  private static final class Pair implements AutoCloseable {
    final PostgresServer primary;
    final Replica replica;
    final PhysicalConnection writer;
    final PhysicalConnection reader;

    Pair() throws SQLException {
      // what a standby that is late has yet to fetch isn't removed by the checkpoints of copies
      primary =
          PostgresServer.startEmbedded(ServerSettings.defaults().with("wal_keep_size", "256MB"));
      primary.execute("create table note (id serial primary key)");
      primary.execute("grant all on all tables in schema public to public");
      primary.execute("grant all on all sequences in schema public to public");
      replica = Replica.of(primary);
      replica.awaitReplayOf(primary);
      writer = Sessions.open(primary.libpqUrl());
      reader = Sessions.open(replica.server().libpqUrl());
    }

    @Override
    public void close() {
      writer.abort();
      reader.abort();
      replica.close();
      primary.close();
    }
  }

  private static Pair shared;

  /** The one that they share, but for tests that want a new one, or end it. */
  private Pair pair;

  @BeforeAll
  static void start() throws SQLException {
    shared = new Pair();
  }

  @AfterAll
  static void stop() {
    shared.close();
  }

  @BeforeEach
  void share() {
    pair = shared;
  }

  private void write() throws SQLException {
    Sessions.execute(pair.writer, "insert into note default values");
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
    pair.replica.server().execute("select pg_wal_replay_pause()");
    Await.until(
        Sessions.LIMIT,
        () -> pair.replica.server().ask("select pg_get_wal_replay_pause_state()").equals("paused"),
        "the replay to pause");
  }

  private void resumeReplay() {
    pair.replica.server().execute("select pg_wal_replay_resume()");
  }

  /** However long ago its last transaction was. */
  @Test
  void aStandbyThatHasReplayedAllItHasReceivedLagsNotAtAll() throws SQLException {
    assertThat(pair.writer.replicaLag(TIMEOUT)).isZero();
    write();
    await(() -> pair.reader.replicaLag(TIMEOUT).isZero(), "the standby to have replayed all");
  }

  @Test
  void aStandbyThatStandsStillLags() throws SQLException {
    write();
    await(() -> pair.reader.replicaLag(TIMEOUT).isZero(), "the standby to have replayed all");
    pauseReplay();
    write();
    await(() -> pair.reader.replicaLag(TIMEOUT).toMillis() > 300, "the standby to lag");
    resumeReplay();
    await(() -> pair.reader.replicaLag(TIMEOUT).isZero(), "the standby to have caught up");
  }

  /** Of one that has just been started nobody knows how old that is which it shows. */
  @Test
  void aStandbyThatHasReplayedNoTransactionYetLagsForVeryLong() throws SQLException {
    try (Pair alone = new Pair()) {
      pair = alone;
      pauseReplay();
      write();
      await(() -> pair.reader.replicaLag(TIMEOUT).toDays() > 365, "the standby to lag");
      resumeReplay();
      await(() -> pair.reader.replicaLag(TIMEOUT).isZero(), "the standby to have caught up");
    }
  }

  /** What it doesn't receive it can't know. */
  @Test
  void aStandbyThatReceivesNothingLagsSinceItsLastTransaction() throws SQLException {
    try (Pair alone = new Pair()) {
      pair = alone;
      write();
      pair.replica.awaitReplayOf(pair.primary);
      pair.primary.crash();
      await(
          () -> pair.reader.replicaLag(TIMEOUT).compareTo(Duration.ZERO) > 0, "the standby to lag");
      Duration before = pair.reader.replicaLag(TIMEOUT);
      await(() -> pair.reader.replicaLag(TIMEOUT).compareTo(before) > 0, "the lag to grow");
    }
  }

  /** Also what was committed without waiting for the disk. */
  @Test
  void whatWasCommittedIsReachedOnceItIsReplayed() throws SQLException {
    Sessions.execute(pair.writer, "set synchronous_commit = off");
    for (int i = 0; i < 20; i++) {
      write();
      String position = pair.writer.position(TIMEOUT);
      assertThat(pair.writer.hasReached(position, TIMEOUT)).isTrue();
      await(
          () -> pair.reader.hasReached(position, TIMEOUT),
          "the standby to come as far as " + position);
      assertThat(Sessions.ask(pair.reader, "select count(*) from note"))
          .isEqualTo(Sessions.ask(pair.writer, "select count(*) from note"));
    }
    pauseReplay();
    write();
    String position = pair.writer.position(TIMEOUT);
    assertThat(pair.reader.hasReached(position, TIMEOUT)).isFalse();
    resumeReplay();
    await(
        () -> pair.reader.hasReached(position, TIMEOUT),
        "the standby to come as far as " + position);
    Sessions.execute(pair.writer, "reset synchronous_commit");
  }

  /** There the next record goes behind a header, which a standby doesn't reach by itself. */
  @Test
  void atTheBeginningOfASegmentThePositionIsTheEndOfTheOneBefore() {
    await(
        () -> {
          pair.primary.execute("select pg_switch_wal()");
          return pair.writer.position(TIMEOUT).endsWith("000000")
              && pair.reader.hasReached(pair.writer.position(TIMEOUT), TIMEOUT);
        },
        "an empty segment");
  }

  @Test
  void whatIsNoPositionIsRefusedAndTheSessionGoesOn() throws SQLException {
    assertThatThrownBy(() -> pair.reader.hasReached("1:0/0' or true --", TIMEOUT))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("22023"));
    assertThat(pair.reader.hasReached("1:0/0", TIMEOUT)).isTrue();
    assertThat(pair.reader.inStep()).isTrue();
  }

  @Test
  void aStandbyRunsNothingAtSerializable() throws SQLException {
    assertThat(pair.writer.highestIsolation()).isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
    assertThat(pair.reader.highestIsolation()).isEqualTo(Connection.TRANSACTION_REPEATABLE_READ);
    Sessions.execute(pair.reader, "begin isolation level repeatable read; select 1; rollback");
    assertThatThrownBy(() -> Sessions.execute(pair.reader, "begin isolation level serializable"))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("0A000"));
    Sessions.execute(pair.reader, "rollback");
  }

  /** It knows what it had replayed and what it wrote itself, and nothing that the other writes. */
  @Test
  void aStandbyThatWasPromotedShowsWhatWasBeforeAndWhatIsItsOwn() throws SQLException {
    try (Pair alone = new Pair()) {
      pair = alone;
      write();
      String before = pair.writer.position(TIMEOUT);
      pair.replica.awaitReplayOf(pair.primary);
      pair.replica.promote();
      write();
      write();
      String elsewhere = pair.writer.position(TIMEOUT);
      String own = pair.reader.position(TIMEOUT);

      assertThat(pair.reader.replicaLag(TIMEOUT)).isZero();
      assertThat(pair.reader.highestIsolation()).isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
      assertThat(pair.reader.hasReached(before, TIMEOUT)).isTrue();
      assertThat(pair.reader.hasReached(own, TIMEOUT)).isTrue();
      assertThat(own).startsWith("2:");
      Sessions.execute(pair.reader, "insert into note select from generate_series(1, 1000)");
      assertThat(pair.reader.hasReached(elsewhere, TIMEOUT)).isFalse();
      assertThat(pair.reader.hasReached(pair.reader.position(TIMEOUT), TIMEOUT)).isTrue();
      assertThat(pair.writer.hasReached(pair.reader.position(TIMEOUT), TIMEOUT)).isFalse();
    }
  }

  /**
   * Of two standbys one is promoted, and not the one that had come farther. That one never follows
   * it, though by its place in the log it has come as far as what is written then.
   */
  @Test
  void aStandbyOnAnotherBranchHasNotComeAsFarAsWhatIsWrittenSinceTheFailover() throws SQLException {
    try (Pair ahead = new Pair();
        Replica promoted = Replica.of(ahead.primary)) {
      pair = ahead;
      promoted.awaitReplayOf(ahead.primary);
      promoted.server().stop(Shutdown.FAST);
      for (int i = 0; i < 100; i++) {
        write();
      }
      ahead.replica.awaitReplayOf(ahead.primary);
      ahead.primary.crash();
      promoted.server().startAgain();
      promoted.promote();
      String written = writtenOn(promoted.server());
      assertThat(Sessions.ask(ahead.reader, "select count(*) from note where id = 1000"))
          .isEqualTo("0");
      assertThat(shows(ahead.reader, written)).as("on another branch").isFalse();
      assertThat(ahead.reader.hasReached("1:0/0", TIMEOUT)).as("before the failover").isTrue();

      ahead.primary.startAgain();
      PhysicalConnection old = Sessions.open(ahead.primary.libpqUrl());
      assertThat(shows(old, written)).as("the primary before it, recovered").isFalse();
      old.abort();
      try (Replica copy = Replica.of(promoted.server())) {
        PhysicalConnection reader = Sessions.open(copy.server().libpqUrl());
        await(() -> shows(reader, written), "a copy of the new primary to show it");
        reader.abort();
      }
    }
  }

  /**
   * One that goes on with the promoted server: what it notes of that any role may read, as soon as
   * it has noted it; who may read all statistics sees it at once.
   */
  @Test
  void aStandbyThatHasFollowedAFailoverHasComeAsFarOnceItHasNotedThat() throws SQLException {
    try (Pair alone = new Pair();
        Replica follower = Replica.of(alone.replica.server())) {
      PostgresServer here = follower.server();
      follower.awaitReplayOf(alone.primary);
      alone.replica.promote();
      String written = writtenOn(alone.replica.server());
      follower.awaitReplayOf(alone.replica.server());
      PhysicalConnection reader = Sessions.open(here.libpqUrl());
      alone.replica.server().execute("grant pg_read_all_stats to " + alone.primary.user());
      await(() -> shows(reader, written), "the receiver's timeline");
      alone.replica.server().execute("revoke pg_read_all_stats from " + alone.primary.user());
      alone.replica.server().execute("checkpoint");
      follower.awaitReplayOf(alone.replica.server());
      here.execute("checkpoint");
      assertThat(shows(reader, written)).as("by its control file").isTrue();
      reader.abort();
    }
  }

  private static String writtenOn(PostgresServer promoted) throws SQLException {
    PhysicalConnection writer = Sessions.open(promoted.libpqUrl());
    Sessions.execute(writer, "insert into note values (1000)");
    String written = writer.position(TIMEOUT);
    assertThat(written).startsWith("2:");
    writer.abort();
    return written;
  }

  /** Where it can't be told nobody waits for it. */
  private static boolean shows(PhysicalConnection session, String position) throws SQLException {
    try {
      return session.hasReached(position, TIMEOUT);
    } catch (SQLFeatureNotSupportedException e) {
      assertThat(session.inStep()).isTrue();
      return false;
    }
  }

  /** For a pool that writes it is gone; for one that reads nothing has happened. */
  @Test
  void aReadersServerMayBecomeAStandby() throws SQLException {
    try (FaultProxy address = FaultProxy.before(pair.primary)) {
      PoolConfig config =
          PoolConfig.builder(pair.primary.libpqUrl(address.host(), address.port())).build();
      try (Connector reads = new PostgresAdapter().readerConnector(config);
          Connector writes = new PostgresAdapter().connector(config)) {
        reads.open(TIMEOUT).abort();
        writes.open(TIMEOUT).abort();
        address.target(pair.replica.server());
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
