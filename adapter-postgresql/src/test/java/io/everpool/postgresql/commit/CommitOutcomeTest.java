package io.everpool.postgresql.commit;

import static io.everpool.postgresql.Sessions.LIMIT;
import static io.everpool.postgresql.Sessions.TIMEOUT;
import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.execute;
import static io.everpool.postgresql.Sessions.pid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.Sessions;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Ability;
import io.everpool.servers.PostgresServer.Shutdown;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.math.BigInteger;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The server is asked what became of a COMMIT, and believed only as far as it can know. */
@Timeout(600)
@Tag("one-jdk")
class CommitOutcomeTest {
  private static PostgresServer server;

  private Connector connector;
  private PhysicalConnection session;

  @BeforeAll
  static void start() {
    server = PostgresServer.startEmbedded(ServerSettings.defaults());
    server.execute("create table ledger (x int)");
    server.execute("grant all on ledger to " + server.user());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void connect() throws SQLException {
    connector = Sessions.connector(server.libpqUrl(), UnaryOperator.identity());
    session = open();
  }

  @AfterEach
  void disconnect() {
    session.abort();
  }

  private static LogPosition inAnotherRun(PostgresCommitTicket ticket) {
    ServerRun run = ticket.position().run();
    return new LogPosition(
        new ServerRun(
            run.system(), run.timeline(), run.started() + "1", run.statistics(), run.recoveredTo()),
        ticket.position().lsn());
  }

  private static LogPosition onAnotherSystem(PostgresCommitTicket ticket) {
    ServerRun run = ticket.position().run();
    return new LogPosition(
        new ServerRun(
            "1" + run.system(), run.timeline(), run.started(), run.statistics(), run.recoveredTo()),
        ticket.position().lsn());
  }

  private PhysicalConnection open() throws SQLException {
    return connector.open(TIMEOUT);
  }

  /** A ticket for a transaction that has written and is still open. */
  private static PostgresCommitTicket written(PhysicalConnection by) throws SQLException {
    by.jdbc().setAutoCommit(false);
    execute(by, "insert into ledger values (1)");
    PostgresCommitTicket ticket = (PostgresCommitTicket) by.commitTicket();
    return Objects.requireNonNull(ticket);
  }

  private CommitStatus asked(PostgresCommitTicket ticket) throws SQLException {
    PhysicalConnection fresh = open();
    try {
      return fresh.commitStatus(ticket);
    } finally {
      fresh.close();
    }
  }

  private void awaitAnswer(PostgresCommitTicket ticket, CommitStatus expected) {
    Await.until(
        LIMIT,
        () -> {
          try {
            return asked(ticket) == expected;
          } catch (SQLException e) {
            return false;
          }
        },
        expected.name());
  }

  @Test
  void whatWroteNothingNeedsNoTicket() throws SQLException {
    assertThat(session.commitTicket()).as("no transaction").isNull();
    session.jdbc().setAutoCommit(false);
    assertThat(ask(session, "select count(*) from ledger")).isNotNull();
    assertThat(session.commitTicket()).as("a reading transaction").isNull();
    session.jdbc().rollback();
    execute(session, "insert into ledger values (1)");
    assertThatThrownBy(() -> execute(session, "nonsense")).isInstanceOf(SQLException.class);
    assertThat(session.commitTicket()).as("a failed transaction").isNull();
  }

  @Test
  void aTicketNamesTransactionServerAndBackend() throws SQLException {
    PostgresCommitTicket ticket = written(session);
    assertThat(ticket.transactionId())
        .isEqualTo(ask(session, "select pg_current_xact_id_if_assigned()"));
    assertThat(ticket.backend()).isEqualTo(pid(session));
    assertThat(ticket.position().run().system())
        .isEqualTo(server.ask("select system_identifier from pg_control_system()"));
    assertThat(ticket.position().run().timeline()).isEqualTo("00000001");
    assertThat(ticket).as("what messages show").hasToString(ticket.transactionId());
    assertThat(session.commitTicket()).isEqualTo(ticket);
  }

  @Test
  void aCommittedTransactionIsCommitted() throws SQLException {
    PostgresCommitTicket ticket = written(session);
    session.jdbc().commit();
    assertThat(asked(ticket)).isEqualTo(CommitStatus.COMMITTED);
  }

  @Test
  void aRolledBackTransactionIsAborted() throws SQLException {
    PostgresCommitTicket ticket = written(session);
    session.jdbc().rollback();
    assertThat(asked(ticket)).isEqualTo(CommitStatus.ABORTED);
  }

  @Test
  void aTransactionWhoseSessionWasTerminatedIsAborted() throws SQLException {
    PostgresCommitTicket ticket = written(session);
    server.terminate(ticket.backend());
    assertThat(asked(ticket)).isEqualTo(CommitStatus.ABORTED);
  }

  @Test
  void anOpenTransactionIsInProgressUntilItsBackendIsEnded() throws SQLException {
    PostgresCommitTicket ticket = written(session);
    assertThat(asked(ticket)).isEqualTo(CommitStatus.IN_PROGRESS);
    PhysicalConnection fresh = open();
    fresh.endTransaction(ticket);
    fresh.close();
    awaitAnswer(ticket, CommitStatus.ABORTED);
  }

  /** A process id is given to the next session, which must not die for its predecessor. */
  @Test
  void aBackendThatIsAtSomethingElseIsNotEnded() throws SQLException {
    PostgresCommitTicket ticket = written(session);
    session.jdbc().commit();
    PostgresCommitTicket next = written(session);
    PhysicalConnection fresh = open();
    fresh.endTransaction(ticket);
    fresh.endTransaction(
        new PostgresCommitTicket(next.transactionId(), inAnotherRun(next), next.backend()));
    fresh.endTransaction(
        new PostgresCommitTicket(next.transactionId(), next.position(), next.backend() + 1));
    fresh.close();
    session.jdbc().commit();
    assertThat(asked(next)).isEqualTo(CommitStatus.COMMITTED);
  }

  /** The lost reply: the server has committed, the client has not been told. */
  @Test
  void aCommitWhoseAnswerIsCutOffIsFoundCommitted() throws SQLException {
    try (FaultProxy proxy = FaultProxy.before(server)) {
      PhysicalConnection cut = Sessions.open(server.libpqUrl(proxy.host(), proxy.port()));
      PostgresCommitTicket ticket = written(cut);
      proxy.cutReplyTo("COMMIT", Cut.RST);
      assertThatThrownBy(() -> cut.jdbc().commit()).isInstanceOf(SQLException.class);
      awaitAnswer(ticket, CommitStatus.COMMITTED);
    }
  }

  /** The identity is compared as text; a session's time zone must not be in it. */
  @Test
  void theRunLooksTheSameFromEverySession() throws SQLException {
    execute(session, "set time zone 'Asia/Tokyo'");
    execute(session, "set datestyle to 'ISO, DMY'");
    PostgresCommitTicket ticket = written(session);
    session.jdbc().commit();
    assertThat(asked(ticket)).isEqualTo(CommitStatus.COMMITTED);
  }

  @Test
  void anIdThatIsStillToComeNeverHappened() throws SQLException {
    PostgresCommitTicket ticket = written(session);
    long future = Long.parseLong(ticket.transactionId()) + 1_000;
    assertThat(asked(new PostgresCommitTicket(Long.toString(future), ticket.position(), 1)))
        .isEqualTo(CommitStatus.ABORTED);
    assertThat(asked(new PostgresCommitTicket(Long.toString(future), onAnotherSystem(ticket), 1)))
        .as("another system")
        .isEqualTo(CommitStatus.UNKNOWN);
  }

  @Test
  void anIdFromLongAgoIsUnknown() throws SQLException {
    PostgresCommitTicket ticket = written(session);
    assertThat(asked(new PostgresCommitTicket("0", ticket.position(), 1)))
        .isEqualTo(CommitStatus.UNKNOWN);
  }

  @Test
  void onlyNumbersGoIntoSql() throws SQLException {
    PostgresCommitTicket ticket = written(session);
    PostgresCommitTicket forged =
        new PostgresCommitTicket("1'; drop table ledger; --", ticket.position(), 1);
    assertThatThrownBy(() -> asked(forged)).isInstanceOf(NumberFormatException.class);
  }

  /** After a crash ids are given out again, and the server speaks of the new transaction. */
  @Test
  void afterACrashTheServerIsNotBelieved() throws SQLException {
    Assumptions.assumeTrue(server.abilities().contains(Ability.CRASH));
    PostgresCommitTicket ticket = written(session);
    session.jdbc().commit();
    server.crash();
    server.startAgain();
    assertThat(asked(ticket)).isEqualTo(CommitStatus.UNKNOWN);
  }

  /** Here the postmaster stays the same, and with it its start time. */
  @Test
  void afterTheCrashOfABackendTheServerIsNotBelieved() throws SQLException {
    Assumptions.assumeTrue(server.abilities().contains(Ability.KILL_BACKEND));
    PostgresCommitTicket ticket = written(session);
    session.jdbc().commit();
    PhysicalConnection victim = open();
    server.killBackend(pid(victim));
    awaitAnswer(ticket, CommitStatus.UNKNOWN);
  }

  /** Nothing is lost in an orderly shutdown, and the server can be seen to have had no other. */
  @Test
  void afterOrderlyRestartsTheServerIsBelieved() throws SQLException {
    PostgresCommitTicket committed = written(session);
    session.jdbc().commit();
    PostgresCommitTicket open = written(session);
    for (Shutdown how : List.of(Shutdown.FAST, Shutdown.FAST)) {
      server.restart(how);
      assertThat(asked(committed)).isEqualTo(CommitStatus.COMMITTED);
      assertThat(asked(open)).isEqualTo(CommitStatus.ABORTED);
    }
  }

  /** The crash is past, and the ids that it has taken back are given out again. */
  @Test
  void aCrashIsNotForgottenOverAnOrderlyRestart() throws SQLException {
    PostgresCommitTicket ticket = written(session);
    session.jdbc().commit();
    server.restart(Shutdown.IMMEDIATE);
    server.restart(Shutdown.FAST);
    assertThat(asked(ticket)).isEqualTo(CommitStatus.UNKNOWN);
  }

  /** They tell of what was between two runs; within one nobody needs them. */
  @Test
  void withinOneRunResetStatisticsChangeNothing() throws SQLException {
    PostgresCommitTicket ticket = written(session);
    session.jdbc().commit();
    server.execute("select pg_stat_reset_shared('bgwriter')");
    assertThat(asked(ticket)).isEqualTo(CommitStatus.COMMITTED);
    PostgresCommitTicket later = written(session);
    session.jdbc().commit();
    assertThat(asked(later)).as("by what was known before").isEqualTo(CommitStatus.COMMITTED);
    PostgresCommitTicket open = written(session);
    PhysicalConnection fresh = open();
    fresh.endTransaction(open);
    fresh.close();
    awaitAnswer(open, CommitStatus.ABORTED);
  }

  /** What an administrator resets looks like a crash then; better so than the other way round. */
  @Test
  void overARestartResetStatisticsChangeAtMostTheAnswerToUnknown() throws SQLException {
    PostgresCommitTicket ticket = written(session);
    session.jdbc().commit();
    server.execute("select pg_stat_reset_shared('bgwriter')");
    server.restart(Shutdown.FAST);
    assertThat(asked(ticket)).isEqualTo(CommitStatus.UNKNOWN);
  }

  /**
   * Its session was ended while its COMMIT waited for the standby: it is committed here, and may be
   * lost in a failover. Acknowledged is only what the standby has.
   */
  @Test
  void aCommitThatItsSynchronousStandbyMayNotHaveIsNotCommittedYet() throws Exception {
    PhysicalConnection other = open();
    server.alter("synchronous_standby_names", "nobody");
    PostgresCommitTicket lost;
    try {
      awaitThatCommitsWait();
      PostgresCommitTicket ticket = written(session);
      lost = ticket;
      Thread commit = new Thread(this::commitInVain);
      commit.start();
      awaitOneThatWaits();
      assertThat(other.commitStatus(ticket)).isEqualTo(CommitStatus.IN_PROGRESS);
      other.endTransaction(ticket);
      commit.join(LIMIT.toMillis());
      assertThat(server.ask("select pg_xact_status('" + ticket.transactionId() + "')"))
          .isEqualTo("committed");
      other.jdbc().setNetworkTimeout(Runnable::run, 500);
      assertThatThrownBy(() -> other.commitStatus(ticket)).isInstanceOf(SQLException.class);
    } finally {
      server.alterBack("synchronous_standby_names");
    }
    awaitAnswer(lost, CommitStatus.COMMITTED);
  }

  /**
   * A session that knows of a synchronous standby doesn't wait for it before the checkpointer has
   * read of it, too. So somebody commits until he waits; then everybody will.
   */
  private void awaitThatCommitsWait() throws Exception {
    PhysicalConnection probe = open();
    int pid = pid(probe);
    Thread commits =
        new Thread(
            () -> {
              try {
                while (true) {
                  execute(probe, "insert into ledger values (0)");
                }
              } catch (SQLException ended) {
                // as it was meant to be
              }
            });
    commits.start();
    try {
      awaitOneThatWaits();
    } finally {
      server.terminate(pid);
      commits.join(LIMIT.toMillis());
      probe.abort();
    }
  }

  private static void awaitOneThatWaits() {
    String waits = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'";
    Await.until(LIMIT, () -> server.ask(waits).equals("1"), "the wait for the standby");
  }

  private void commitInVain() {
    try {
      session.jdbc().commit();
    } catch (SQLException ended) {
      // as it was meant to be
    }
  }

  /** It may be behind: what is in the future there may be committed on the primary. */
  @Test
  void aStandbyIsNotTheOneToAsk() throws SQLException {
    Assumptions.assumeTrue(server.abilities().contains(Ability.REPLICA));
    PostgresCommitTicket ticket = written(session);
    session.jdbc().commit();
    try (Replica replica = Replica.of(server)) {
      replica.awaitReplayOf(server);
      PostgresServer standby = replica.server();
      PhysicalConnection there = Sessions.open(standby.libpqUrl());
      assertThatThrownBy(() -> there.commitStatus(ticket))
          .isInstanceOf(SQLException.class)
          .hasFieldOrPropertyWithValue("SQLState", "25006");
      PostgresCommitTicket elsewhere =
          new PostgresCommitTicket(
              ticket.transactionId(), onAnotherSystem(ticket), ticket.backend());
      assertThat(there.commitStatus(elsewhere))
          .as("a standby of another system")
          .isEqualTo(CommitStatus.UNKNOWN);
      there.close();
    }
  }

  /**
   * A refusal within the transaction would be the end of it, whichever of them is hidden; and
   * whoever counts on the look-up is told.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "execute on function pg_current_xact_id_if_assigned()",
        "execute on function pg_backend_pid()",
        "execute on function pg_xact_status(xid8)",
        "execute on function pg_control_system()",
        "execute on function pg_control_checkpoint()",
        "execute on function pg_current_wal_insert_lsn()",
        "execute on function pg_walfile_name(pg_lsn)",
        "execute on function pg_wal_lsn_diff(pg_lsn, pg_lsn)",
        "execute on function pg_last_wal_replay_lsn()",
        "execute on function pg_postmaster_start_time()",
        "execute on function pg_is_in_recovery()",
        "select on pg_stat_bgwriter"
      })
  void whereAnythingIsHiddenThereAreNoTicketsAndNothingIsHarmed(String right) throws SQLException {
    Connector elsewhere = Sessions.connector(server.libpqUrl(), UnaryOperator.identity());
    AtomicInteger noted = new AtomicInteger();
    elsewhere.whenNoted(noted::incrementAndGet);
    PhysicalConnection there = elsewhere.open(TIMEOUT);
    PhysicalConnection next = elsewhere.open(TIMEOUT);
    assertThat(elsewhere.notes()).isEmpty();
    server.execute("revoke " + right + " from public");
    try {
      for (PhysicalConnection one : List.of(there, next)) {
        one.jdbc().setAutoCommit(false);
        execute(one, "create temp table t (x int)");
        assertThatThrownBy(one::commitTicket)
            .isInstanceOf(SQLFeatureNotSupportedException.class)
            .hasMessageContaining(nameIn(right));
        execute(one, "insert into t values (1)");
        one.jdbc().commit();
        assertThat(ask(one, "select x from t")).isEqualTo("1");
        one.jdbc().rollback();
      }
      assertThat(elsewhere.notes())
          .singleElement()
          .asString()
          .contains(nameIn(right), "can't be looked up", "retry.commit-outcome");
      assertThat(noted).hasValue(1);
      ServerRun nowhere = new ServerRun("1", "1", "1", "", null);
      assertThat(
              there.commitStatus(
                  new PostgresCommitTicket("3", new LogPosition(nowhere, BigInteger.ONE), 1)))
          .isEqualTo(CommitStatus.UNKNOWN);
    } finally {
      server.execute("grant " + right + " to public");
      there.abort();
      next.abort();
    }
  }

  private static String nameIn(String right) {
    return right.replaceAll("^(?:execute on function|select on) (\\w+).*", "$1");
  }
}
