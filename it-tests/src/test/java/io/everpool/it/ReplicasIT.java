package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.ReaderFallback;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Shutdown;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A real primary and a real standby that streams from it, as one pool. */
@Timeout(600)
@Tag("one-jdk")
class ReplicasIT {
  private static final int THREADS = 4;
  private static final WorkOptions READ = WorkOptions.READ_ONLY;
  private static final String ON_STANDBY = "select pg_is_in_recovery()";

  private PostgresServer primary;
  private Replica replica;

  @BeforeEach
  void start() {
    primary = PostgresServer.startEmbedded(ServerSettings.defaults());
    primary.execute("create table note (id bigint primary key)");
    primary.execute("grant all on note to public");
    replica = Replica.of(primary);
    replica.awaitReplayOf(primary);
    // Until it has replayed a transaction nobody knows how old its data is, and a pool that asks
    // behind a commit leaves it out.
    primary.execute("comment on table note is 'the first to be replayed'");
    Await.until(
        Db.LIMIT,
        () ->
            replica.server().ask("select pg_last_xact_replay_timestamp() is not null").equals("t"),
        "a transaction to be replayed");
  }

  @AfterEach
  void stop() {
    replica.close();
    primary.close();
  }

  private PoolConfig.Builder config(String name) {
    return PoolConfig.builder(primary.jdbcUrl())
        .name(name)
        .user(primary.user())
        .password(primary.password())
        .properties(Map.of("ApplicationName", name))
        .readers(List.of(replica.server().jdbcUrl()));
  }

  private static boolean readsOnStandby(Pool pool) throws SQLException {
    return pool.<String, SQLException>run(READ, c -> Db.ask(c, ON_STANDBY)).equals("t");
  }

  private static void awaitReads(Pool pool, boolean onStandby) {
    Await.until(
        Db.LIMIT,
        () -> {
          try {
            return readsOnStandby(pool) == onStandby;
          } catch (SQLException e) {
            if ("57014".equals(e.getSQLState())) {
              return false; // on a busy machine it may run into a short command-timeout
            }
            throw new AssertionError(e);
          }
        },
        onStandby ? "reads on the standby" : "reads on the primary");
  }

  private static void insert(Connection connection, long id) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("insert into note values (" + id + ")");
    }
  }

  private static long count(Connection connection) throws SQLException {
    return Long.parseLong(Db.ask(connection, "select count(*) from note"));
  }

  private void pauseReplay() {
    replica.server().execute("select pg_wal_replay_pause()");
    Await.until(
        Db.LIMIT,
        () -> replica.server().ask("select pg_get_wal_replay_pause_state()").equals("paused"),
        "the replay to pause");
  }

  private void resumeReplay() {
    replica.server().execute("select pg_wal_replay_resume()");
  }

  @Test
  void readsLandOnTheStandbyAndWritesOnThePrimary() throws SQLException {
    try (Pool pool = Everpool.open(config("replicas").build())) {
      assertThat(readsOnStandby(pool)).isTrue();
      assertThat(pool.<String, SQLException>inTransaction(READ, c -> Db.ask(c, ON_STANDBY)))
          .isEqualTo("t");
      assertThat(pool.<String, SQLException>run(c -> Db.ask(c, ON_STANDBY))).isEqualTo("f");
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, ON_STANDBY)).isEqualTo("f");
        insert(connection, 1);
      }
      try (Connection connection = pool.reader().getConnection()) {
        assertThat(Db.ask(connection, ON_STANDBY)).isEqualTo("t");
        assertThat(connection.isReadOnly()).isTrue();
      }
      assertThatThrownBy(() -> pool.<SQLException>use(READ, connection -> insert(connection, 2)))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25006"));
      assertThat(readsOnStandby(pool)).isTrue();
      assertThat(pool.readerSnapshots().get(0).closedTotal()).isZero();
    }
  }

  @Test
  void jdbiReadsFromTheStandby() throws SQLException {
    try (Pool pool = Everpool.open(config("replicas-jdbi").build())) {
      Jdbi writer = EverpoolJdbi.create(pool);
      Jdbi reader = EverpoolJdbi.reader(pool);
      assertThat(ask(writer, ON_STANDBY)).isFalse();
      assertThat(ask(reader, ON_STANDBY)).isTrue();
      boolean inTransaction =
          reader.inTransaction(handle -> handle.createQuery(ON_STANDBY).mapTo(boolean.class).one());
      assertThat(inTransaction).isTrue();
      // decided too late for another server
      boolean tooLate =
          EverpoolJdbi.readOnly(writer)
              .withHandle(handle -> handle.createQuery(ON_STANDBY).mapTo(boolean.class).one());
      assertThat(tooLate).isFalse();

      for (int i = 0; i < 20; i++) {
        int id = i;
        writer.useTransaction(handle -> handle.execute("insert into note values (?)", id));
        long seen =
            EverpoolJdbi.readOnly(reader)
                .after(pool.position())
                .withHandle(
                    handle ->
                        handle.createQuery("select count(*) from note").mapTo(long.class).one());
        assertThat(seen).isEqualTo(i + 1);
      }
    }
  }

  private static boolean ask(Jdbi jdbi, String sql) {
    return jdbi.withHandle(handle -> handle.createQuery(sql).mapTo(boolean.class).one());
  }

  /** An idle primary sends nothing, and its standby lags not at all for all that. */
  @Test
  void aStandbyThatLagsIsLeftOutUntilItHasCaughtUp() throws SQLException {
    PoolConfig config = config("replicas-lag").maxReplicaLag(Duration.ofSeconds(2)).build();
    PoolConfig noFallback =
        config.toBuilder().name("replicas-fail").readerFallback(ReaderFallback.FAIL).build();
    try (Pool pool = Everpool.open(config);
        Pool failing = Everpool.open(noFallback)) {
      awaitReads(pool, true);
      pauseReplay();
      pool.<SQLException>useTransaction(connection -> insert(connection, 1));

      awaitReads(pool, false);
      Await.until(
          Db.LIMIT,
          () -> {
            try {
              readsOnStandby(failing);
              return false;
            } catch (SQLTransientConnectionException e) {
              return String.valueOf(e.getMessage()).contains("replicas-fail-reader-1: it lags ");
            } catch (SQLException e) {
              throw new AssertionError(e);
            }
          },
          "reads to fail");

      resumeReplay();
      awaitReads(pool, true);
      assertThat(pool.<Long, SQLException>run(READ, ReplicasIT::count)).isEqualTo(1);
    }
  }

  @Test
  void whoAsksForItSeesHisOwnWrites() throws Exception {
    PoolConfig config = config("replicas-own").maxReplicaLag(Duration.ofMinutes(5)).build();
    try (Pool pool = Everpool.open(config)) {
      for (int i = 0; i < 50; i++) {
        int id = i;
        pool.<SQLException>useTransaction(connection -> insert(connection, id));
        String where =
            pool.<String, SQLException>run(
                READ.after(pool.position()),
                connection -> {
                  assertThat(count(connection)).isEqualTo(id + 1);
                  return Db.ask(connection, ON_STANDBY);
                });
        assertThat(where).isEqualTo("t");
      }

      pauseReplay();
      pool.<SQLException>useTransaction(connection -> insert(connection, 1000));
      String position = pool.position();
      assertThat(pool.<Long, SQLException>run(READ, ReplicasIT::count)).isEqualTo(50);
      WorkOptions soon = READ.after(position).withDeadline(Duration.ofSeconds(16));
      assertThat(pool.<String, SQLException>run(soon, c -> Db.ask(c, ON_STANDBY))).isEqualTo("f");

      Thread resumer = new Thread(this::resumeReplay);
      resumer.start();
      String seen =
          pool.<String, SQLException>run(
              READ.after(position),
              connection -> count(connection) + Db.ask(connection, ON_STANDBY));
      assertThat(seen).isEqualTo("51t");
      resumer.join();
    }
  }

  /** What comes from a browser's cookie may be anything. */
  @Test
  void whatIsNoPositionIsRefused() throws SQLException {
    try (Pool pool = Everpool.open(config("replicas-nonsense").build())) {
      for (String nonsense : List.of("", "0/0", "1:0/0'; drop table note; --", "1:zz/1")) {
        assertThatThrownBy(() -> pool.<Long, SQLException>run(READ.after(nonsense), c -> 1L))
            .as(nonsense)
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("22023"));
      }
      assertThat(readsOnStandby(pool)).isTrue();
    }
  }

  /** Readers, by the pool and by Jdbi, don't notice. */
  @Test
  void aStandbyThatIsKilledUnderLoadFailsNobody() throws Exception {
    try (Pool pool = Everpool.open(config("replicas-killed").build())) {
      Jdbi reader = EverpoolJdbi.reader(pool);
      AtomicLong onStandby = new AtomicLong();
      AtomicLong onPrimary = new AtomicLong();
      Crew byJdbi =
          Crew.looping(
              THREADS / 2,
              () -> (ask(reader, ON_STANDBY) ? onStandby : onPrimary).incrementAndGet());
      Crew byPool =
          Crew.looping(
              THREADS / 2, () -> (readsOnStandby(pool) ? onStandby : onPrimary).incrementAndGet());
      try (byJdbi;
          byPool) {
        Await.until(Db.LIMIT, () -> onStandby.get() > 200, "reads on the standby");
        replica.server().crash();
        Await.until(Db.LIMIT, () -> onPrimary.get() > 200, "reads on the primary");
        replica.server().startAgain();
        long before = onStandby.get();
        Await.until(Db.LIMIT, () -> onStandby.get() > before + 200, "reads on the standby again");
      }
      assertThat(byJdbi.errors()).as(byJdbi.report()).isEmpty();
      assertThat(byPool.errors()).as(byPool.report()).isEmpty();
    }
  }

  /** One that answers nobody can't say how far it is, and that is asked with a limit. */
  @Test
  void aStandbyThatFreezesIsLeftOutAsWell() throws SQLException {
    PoolConfig config =
        config("replicas-frozen")
            .maxReplicaLag(Duration.ofSeconds(1))
            .validationTimeout(Duration.ofMillis(500))
            .connectTimeout(Duration.ofSeconds(2))
            .commandTimeout(Duration.ofSeconds(2))
            .build();
    try (Pool pool = Everpool.open(config)) {
      awaitReads(pool, true);
      replica.server().freeze();
      try {
        awaitReads(pool, false);
      } finally {
        replica.server().thaw();
      }
      awaitReads(pool, true);
    }
  }

  /** The writer is gone and stays so; what is read is read, and nothing is written anywhere. */
  @Test
  void aStandbyThatIsPromotedIsReadAndNeverWritten() throws SQLException {
    PoolConfig config =
        config("replicas-promoted")
            .maxReplicaLag(Duration.ofMinutes(10))
            .acquireTimeout(Duration.ofSeconds(20))
            .build();
    try (Pool pool = Everpool.open(config)) {
      pool.<SQLException>useTransaction(connection -> insert(connection, 1));
      String position = pool.position();
      assertThat(pool.<Long, SQLException>run(READ.after(position), ReplicasIT::count))
          .isEqualTo(1);

      primary.stop(Shutdown.FAST);
      assertThat(pool.<Long, SQLException>run(READ, ReplicasIT::count)).isEqualTo(1);
      replica.promote();

      assertThat(readsOnStandby(pool)).isFalse();
      assertThat(pool.<Long, SQLException>run(READ.after(position), ReplicasIT::count))
          .isEqualTo(1);
      WorkOptions brief = WorkOptions.DEFAULT.withDeadline(Duration.ofSeconds(2));
      assertThatThrownBy(() -> pool.<SQLException>useTransaction(brief, c -> insert(c, 2)))
          .isInstanceOf(SQLException.class);
      assertThatThrownBy(() -> pool.<SQLException>use(READ, c -> insert(c, 3)))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25006"));
      assertThat(replica.server().ask("select count(*) from note")).isEqualTo("1");
    }
  }

  /** With both among the writer's hosts the pool follows, and sees its own writes there, too. */
  @Test
  void theWriterFollowsToThePromotedStandby() throws SQLException {
    String both =
        "jdbc:postgresql://%s:%d,%s:%d/%s?targetServerType=primary"
            .formatted(
                primary.host(),
                primary.port(),
                replica.server().host(),
                replica.server().port(),
                primary.database());
    try (Pool pool = Everpool.open(config("replicas-followed").url(both).build())) {
      pool.<SQLException>useTransaction(connection -> insert(connection, 1));
      replica.awaitReplayOf(primary);
      primary.stop(Shutdown.FAST);
      replica.promote();

      pool.<SQLException>useTransaction(connection -> insert(connection, 2));
      assertThat(pool.<Long, SQLException>run(READ.after(pool.position()), ReplicasIT::count))
          .isEqualTo(2);
      assertThat(pool.readerSnapshots().get(0).leased()).isZero();
    }
  }
}
