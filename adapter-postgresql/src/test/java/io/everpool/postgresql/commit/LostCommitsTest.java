package io.everpool.postgresql.commit;

import static io.everpool.postgresql.Sessions.LIMIT;
import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.execute;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.CommitTicket;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.Sessions;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Shutdown;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Sessions commit as fast as they can until the server is struck down under them. What it says
 * later of the COMMITs that it never answered is true, or that it doesn't know; never a lie.
 */
@Timeout(900)
@Tag("one-jdk")
class LostCommitsTest {
  /** How often each kind of strike comes; more by {@code -Deverpool.lost-commits=N}. */
  private static final int ROUNDS = Integer.getInteger("everpool.lost-commits", 1);

  private static final int WRITERS = 8;
  private static final int COMMITS = 10;
  private static final int GIVEN_OUT_AGAIN = 60;

  /** A COMMIT that was about to be sent, or was, and never answered; or the one before. */
  private record Lost(long id, CommitTicket ticket) {}

  private interface Strike {
    void strike();
  }

  private final AtomicLong ids = new AtomicLong();
  private final Map<CommitStatus, Integer> said = new EnumMap<>(CommitStatus.class);
  private PostgresServer server;

  @BeforeEach
  void start() {
    // what no COMMIT writes to the disk isn't there for a while, and a crash takes it
    server =
        PostgresServer.startEmbedded(ServerSettings.defaults().with("wal_writer_delay", "10s"));
    server.execute("create table ledger (id bigint); create table burnt (x int)");
    server.execute("grant all on ledger, burnt to " + server.user());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void afterAFastRestartEveryOneIsKnown() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      round(() -> server.restart(Shutdown.FAST));
    }
    assertThat(said).containsKey(CommitStatus.COMMITTED).doesNotContainKey(CommitStatus.UNKNOWN);
  }

  @Test
  void afterTwoFastRestartsToo() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      round(
          () -> {
            server.restart(Shutdown.FAST);
            burn();
            server.restart(Shutdown.FAST);
          });
    }
    assertThat(said).containsKey(CommitStatus.COMMITTED).doesNotContainKey(CommitStatus.UNKNOWN);
  }

  @Test
  void afterAnImmediateRestartNoneIsALie() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      round(() -> server.restart(Shutdown.IMMEDIATE));
    }
    assertThat(said).isNotEmpty();
  }

  @Test
  void afterTheServerWasKilledNoneIsALie() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      round(this::kill);
    }
    assertThat(said).isNotEmpty();
  }

  /** In between another run may have given the same ids out, and committed them. */
  @Test
  void afterACrashAndAnotherAndAnOrderlyRestartNoneIsALie() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      round(
          () -> {
            kill();
            burn();
            server.restart(Shutdown.IMMEDIATE);
            burn();
          });
      round(
          () -> {
            kill();
            burn();
            server.restart(Shutdown.FAST);
          });
    }
    assertThat(said).isNotEmpty();
  }

  /** The postmaster goes on; its start time tells nothing. */
  @Test
  void afterTheCrashOfABackendNoneIsALie() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      round(this::killBackend);
    }
    assertThat(said).isNotEmpty();
  }

  /** The lie itself: the server says "committed", and means another transaction. */
  @Test
  void anIdThatWasGivenOutAgainIsNotTakenForTheFirst() throws Exception {
    List<Strike> crashes =
        List.of(
            () -> server.restart(Shutdown.IMMEDIATE),
            this::kill,
            this::killBackend,
            () -> {
              kill();
              burn();
              server.restart(Shutdown.IMMEDIATE);
            },
            () -> {
              kill();
              burn();
              server.restart(Shutdown.FAST);
            });
    for (Strike crash : crashes) {
      PhysicalConnection session = open();
      session.jdbc().setAutoCommit(false);
      execute(session, "insert into ledger values (0)");
      CommitTicket ticket = Objects.requireNonNull(session.commitTicket());
      crash.strike();
      session.abort();
      burn();
      String sql = "select pg_xact_status('" + ticket + "')";
      assertThat(server.ask(sql)).isEqualTo("committed");
      PhysicalConnection fresh = open();
      assertThat(there(fresh, 0)).isFalse();
      assertThat(fresh.commitStatus(ticket)).isIn(CommitStatus.ABORTED, CommitStatus.UNKNOWN);
      fresh.close();
    }
  }

  /** An asynchronous standby: what it hasn't got is lost, and it says so. */
  @Test
  void afterAFailoverNoneIsALie() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      Replica standby = Replica.of(server);
      round(
          () -> {
            server.close();
            standby.promote();
            server = standby.server();
          });
    }
    assertThat(said).isNotEmpty();
  }

  private void killBackend() {
    List<Integer> pids = server.backendPids();
    // the newest is at work; the oldest may be one that is just going, and whom no kill strikes
    server.killBackend(pids.get(pids.size() - 1));
    Await.until(
        LIMIT,
        () -> pids.stream().noneMatch(pid -> ProcessHandle.of(pid).isPresent()),
        "the end of every session");
  }

  private void kill() {
    server.crash();
    server.startAgain();
  }

  private PhysicalConnection open() throws SQLException {
    return Sessions.open(server.libpqUrl(), UnaryOperator.identity());
  }

  /** Uses ids up, those that were lost in a crash among them. */
  private void burn() {
    Await.until(LIMIT, this::answers, "the server");
    server.execute(
        "do $$ begin for i in 1.."
            + GIVEN_OUT_AGAIN
            + " loop insert into burnt values (i); commit; end loop; end $$");
  }

  private boolean answers() {
    try {
      return server.ask("select 1").equals("1");
    } catch (IllegalStateException notYet) {
      return false;
    }
  }

  private void round(Strike strike) throws Exception {
    Queue<Lost> lost = new ConcurrentLinkedQueue<>();
    AtomicLong acknowledged = new AtomicLong();
    List<Thread> writers = new ArrayList<>();
    for (int i = 0; i < WRITERS; i++) {
      PhysicalConnection session = open();
      Thread writer = new Thread(() -> write(session, lost, acknowledged), "writer-" + i);
      writer.setDaemon(true);
      writers.add(writer);
    }
    writers.forEach(Thread::start);
    Await.until(LIMIT, () -> acknowledged.get() >= WRITERS * COMMITS, "work");
    strike.strike();
    for (Thread writer : writers) {
      writer.join(LIMIT.toMillis());
      assertThat(writer.isAlive()).isFalse();
    }
    burn();
    PhysicalConnection fresh = open();
    for (Lost each : lost) {
      CommitStatus status = fresh.commitStatus(each.ticket());
      said.merge(status, 1, Integer::sum);
      boolean there = there(fresh, each.id());
      assertThat(status)
          .as("%s; there: %s", each, there)
          .isNotEqualTo(CommitStatus.IN_PROGRESS)
          .isNotEqualTo(there ? CommitStatus.ABORTED : CommitStatus.COMMITTED);
    }
    fresh.close();
  }

  private void write(PhysicalConnection session, Queue<Lost> lost, AtomicLong acknowledged) {
    Lost current = null;
    Lost before = null;
    try {
      session.jdbc().setAutoCommit(false);
      while (true) {
        current = null; // what fails now has not been about to commit
        long id = ids.incrementAndGet();
        execute(session, "insert into ledger values (" + id + ")");
        current = new Lost(id, Objects.requireNonNull(session.commitTicket()));
        session.jdbc().commit();
        acknowledged.incrementAndGet();
        before = current;
      }
    } catch (SQLException struck) {
      Stream.of(before, current).filter(Objects::nonNull).forEach(lost::add);
    } finally {
      session.abort();
    }
  }

  private static boolean there(PhysicalConnection fresh, long id) throws SQLException {
    return "1".equals(ask(fresh, "select count(*) from ledger where id = " + id));
  }
}
