package io.everpool.postgresql.commit;

import static io.everpool.postgresql.Sessions.LIMIT;
import static io.everpool.postgresql.Sessions.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A standby was promoted, and commits; the answer is lost. Then others of the same system are
 * asked: the primary before that failover, which is back, and a standby. They lack that COMMIT, and
 * that proves nothing, for it is there on the new primary.
 */
@Timeout(600)
@Tag("one-jdk")
class CommitsAfterFailoverTest {
  private PostgresServer old;
  private Replica promoted;

  @BeforeEach
  void failOver() {
    old = PostgresServer.startEmbedded(ServerSettings.defaults());
    old.execute("create table ledger (x int); create table burnt (x int)");
    old.execute("grant all on ledger, burnt to " + old.user());
    promoted = Replica.of(old);
    promoted.awaitReplayOf(old);
    promoted.promote();
  }

  @AfterEach
  void stop() {
    if (promoted != null) { // else it didn't begin
      promoted.close();
    }
    if (old != null) {
      old.close();
    }
  }

  /** Of a COMMIT on the new primary. */
  private CommitTicket committed() throws SQLException {
    PhysicalConnection session = Sessions.open(promoted.server().libpqUrl());
    session.jdbc().setAutoCommit(false);
    execute(session, "insert into ledger values (1)");
    CommitTicket ticket = Objects.requireNonNull(session.commitTicket());
    session.jdbc().commit();
    session.close();
    assertThat(asked(promoted.server(), ticket)).isEqualTo(CommitStatus.COMMITTED);
    return ticket;
  }

  private static CommitStatus asked(PostgresServer server, CommitTicket ticket)
      throws SQLException {
    PhysicalConnection session = Sessions.open(server.libpqUrl());
    try {
      return session.commitStatus(ticket);
    } finally {
      session.close();
    }
  }

  private static void isNoEvidence(PostgresServer server, CommitTicket ticket) throws SQLException {
    assertThatThrownBy(() -> asked(server, ticket))
        .as("asked again, of another server if need be")
        .isInstanceOf(SQLException.class)
        .hasFieldOrPropertyWithValue("SQLState", "25006")
        .hasMessageContaining("can't say what became of a COMMIT");
  }

  /** Ids that the new primary has given out to others. */
  private void burn() {
    Await.until(LIMIT, this::answers, "the old primary");
    old.execute(
        "do $$ begin for i in 1..60 loop insert into burnt values (i); commit; end loop; end $$");
  }

  private boolean answers() {
    try {
      return old.ask("select 1").equals("1");
    } catch (IllegalStateException notYet) {
      return false;
    }
  }

  /** The log of the new primary goes on, past where any recovery of the old one ends. */
  private void advance() {
    for (int i = 0; i < 2; i++) {
      promoted.server().execute("insert into burnt values (0); select pg_switch_wal()");
    }
  }

  /** To the old primary the id is one that is still to come. */
  @Test
  void theOldPrimaryThatHasNotComeThatFarIsNoEvidence() throws SQLException {
    isNoEvidence(old, committed());
    old.restart(Shutdown.FAST);
    isNoEvidence(old, committed());
  }

  /** To the old primary the id is that of another transaction. */
  @Test
  void theOldPrimaryThatHasGivenOutTheSameIdIsNoEvidence() throws SQLException {
    CommitTicket ticket = committed();
    burn();
    isNoEvidence(old, ticket);
    old.restart(Shutdown.FAST);
    isNoEvidence(old, ticket);
  }

  /** Its recovery ends before where the new primary's log stood. */
  @Test
  void theOldPrimaryThatHasRecoveredIsNoEvidence() throws SQLException {
    advance();
    CommitTicket ticket = committed();
    old.crash();
    old.startAgain();
    isNoEvidence(old, ticket);
    burn();
    isNoEvidence(old, ticket);
    old.restart(Shutdown.IMMEDIATE);
    burn();
    isNoEvidence(old, ticket);
  }

  /** Whether it follows the old primary, or the new one. */
  @Test
  void aStandbyIsNoEvidence() throws SQLException {
    CommitTicket ticket = committed();
    try (Replica ofOld = Replica.of(old);
        Replica ofNew = Replica.of(promoted.server())) {
      isNoEvidence(ofOld.server(), ticket);
      ofNew.awaitReplayOf(promoted.server());
      isNoEvidence(ofNew.server(), ticket);
    }
  }

  /**
   * What was done on the old primary, and hadn't reached the standby, is lost: that is evidence.
   */
  @Test
  void theNewPrimaryKnowsThatItLacksWhatTheOldOneHasWrittenSince() throws SQLException {
    PhysicalConnection session = Sessions.open(old.libpqUrl());
    session.jdbc().setAutoCommit(false);
    execute(session, "insert into ledger values (2)");
    CommitTicket ticket = Objects.requireNonNull(session.commitTicket());
    session.jdbc().commit();
    session.close();
    assertThat(asked(promoted.server(), ticket)).isEqualTo(CommitStatus.ABORTED);
  }
}
