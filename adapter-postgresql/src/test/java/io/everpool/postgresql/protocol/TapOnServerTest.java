package io.everpool.postgresql.protocol;

import static io.everpool.api.driver.Effects.COMMITTED;
import static io.everpool.api.driver.Effects.NONE;
import static io.everpool.api.driver.Effects.UNPROVEN;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.PlainSocketFactory;
import io.everpool.postgresql.Sessions;
import io.everpool.servers.Certificate;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ssl.DefaultJavaSSLFactory;
import org.postgresql.ssl.NonValidatingFactory;

/** The tap on real sessions: it follows whatever is sent, on every kind of stream it can see. */
@Timeout(120)
class TapOnServerTest {
  private static PostgresServer server;

  @BeforeAll
  static void start(@TempDir Path directory) throws IOException {
    Certificate certificate = Certificate.selfSigned(directory, "localhost");
    server =
        PostgresServer.startEmbedded(
            ServerSettings.defaults()
                .with("ssl", "on")
                .with("ssl_cert_file", certificate.chain().toString())
                .with("ssl_key_file", certificate.key().toString()));
    server.execute(
        """
        create table books (id int);
        create table pairs (id int primary key);
        insert into pairs values (1);
        grant all on books, pairs to public;
        create procedure post(fails boolean) language plpgsql as $$
          begin
            insert into books values (1);
            commit;
            if fails then raise 'no'; end if;
          end $$;
        """);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static PhysicalConnection open(String parameters) throws SQLException {
    return Sessions.open(
        "jdbc:postgresql://"
            + server.host()
            + ":"
            + server.port()
            + "/"
            + server.database()
            + "?"
            + parameters,
        config -> config.user(server.user()).password(server.password()));
  }

  private static final List<String> STATEMENTS =
      List.of(
          "insert into books values (2)",
          "insert into pairs values (1)",
          "select 1",
          "select 1/0",
          "set work_mem = '1MB'",
          "",
          "begin",
          "begin",
          "begin; insert into books values (3)",
          "commit",
          "commit",
          "rollback",
          "commit and chain",
          "rollback and chain",
          "savepoint a",
          "rollback to a",
          "release a",
          "call post(false)",
          "call post(true)",
          "do $$begin insert into books values (4); end$$",
          "do $$begin insert into books values (5); commit; raise 'x'; end$$",
          "frobnicate",
          "copy books from stdin",
          "select ';commit;' -- ; commit");

  /**
   * The tap's state is the driver's after every statement; and whenever a row has become visible to
   * others, it has seen a commit.
   */
  @ParameterizedTest
  @ValueSource(strings = {"extended", "simple", "extendedForPrepared"})
  void followsWhateverIsSent(String mode) throws SQLException {
    PhysicalConnection session = open("sslmode=disable&preferQueryMode=" + mode);
    PhysicalConnection other = open("sslmode=disable");
    ProtocolLog log = Objects.requireNonNull(Sessions.log(session));
    Random random = new Random(mode.hashCode());
    for (int i = 0; i < 400; i++) {
      String sql = STATEMENTS.get(random.nextInt(STATEMENTS.size()));
      boolean copies = sql.startsWith("copy"); // amid a pipeline the tap gives up, and says so
      for (int more = copies ? 0 : random.nextInt(3); more > 0; more--) {
        String next = STATEMENTS.get(random.nextInt(STATEMENTS.size()));
        sql += next.startsWith("copy") ? "" : "; " + next;
      }
      String before = Sessions.ask(other, "select count(*) from books");
      long moment = session.moment();
      String failure = "";
      try {
        Sessions.execute(session, sql);
      } catch (SQLException e) {
        failure = " failed: " + e.getMessage();
      }
      String what = i + ": " + sql + failure;
      assertThat(log.isLost()).as(what).isFalse();
      assertThat(log.outstandingRequests()).as(what).isZero();
      assertThat(log.status())
          .as(what)
          .isEqualTo(
              switch (session.transactionState()) {
                case NONE -> 'I';
                case OPEN -> 'T';
                case FAILED -> 'E';
                default -> '?';
              });
      if (!Objects.equals(before, Sessions.ask(other, "select count(*) from books"))) {
        assertThat(session.effectsSince(moment)).as(what).isEqualTo(COMMITTED);
      }
    }
    session.close();
    other.close();
  }

  /** Its answer is read with that to what follows: nothing runs, and nobody is out of step. */
  @Test
  @Tag("contract")
  void aSavepointThatTheDriverReleasesIsNoHindrance() throws SQLException {
    PhysicalConnection session = open("sslmode=disable&autosave=always&cleanupSavepoints=true");
    ProtocolLog log = Objects.requireNonNull(Sessions.log(session));
    for (boolean bySql : new boolean[] {false, true}) {
      session.jdbc().setAutoCommit(bySql);
      if (bySql) {
        Sessions.execute(session, "begin");
      }
      Sessions.ask(session, "select 1");
      assertThat(session.inStep()).isTrue();
      assertThat(session.cancelStatement(Sessions.TIMEOUT)).as("nothing runs").isFalse();
      if (bySql) {
        Sessions.execute(session, "rollback");
      } else {
        session.jdbc().rollback();
      }
      assertThat(session.inStep()).isTrue();
      assertThat(log.outstandingRequests()).isZero();
    }
    session.close();
  }

  /** One statement that fails costs the proof of nothing that comes after it. */
  @Test
  @Tag("contract")
  void aFailureUnderAutosaveIsFollowed() throws SQLException {
    PhysicalConnection session = open("sslmode=disable&autosave=always");
    long moment = session.moment();
    session.jdbc().setAutoCommit(false);
    Assertions.assertThatThrownBy(() -> Sessions.execute(session, "select 1/0"))
        .isInstanceOf(SQLException.class);
    assertThat(session.effectsSince(moment)).isEqualTo(NONE);
    session.jdbc().rollback();
    assertThat(session.effectsSince(moment)).isEqualTo(NONE);
    session.close();
  }

  /** Whoever makes the TLS socket: pgjdbc by default, or a factory that the user has set. */
  @Test
  void seesThroughTlsOfAnyFactory() throws SQLException {
    for (String factory :
        List.of(
            "",
            "&sslfactory=" + NonValidatingFactory.class.getName(),
            "&sslfactory=org.postgresql.ssl.LibPQFactory",
            "&sslNegotiation=direct")) {
      PhysicalConnection session = open("sslmode=require" + factory);
      assertThat(Sessions.ask(session, "select ssl from pg_stat_ssl where pid = pg_backend_pid()"))
          .isEqualTo("t");
      long moment = session.moment();
      assertThat(session.effectsSince(moment)).as(factory).isEqualTo(NONE);
      Sessions.execute(session, "insert into books values (6)");
      assertThat(session.effectsSince(moment)).as(factory).isEqualTo(COMMITTED);
      session.close();
    }
  }

  /** It refuses as it would by itself: the certificate isn't one that the JDK trusts. */
  @Test
  void aFactoryOfTheUsersStillRefuses() {
    String parameters = "sslmode=require&sslfactory=" + DefaultJavaSSLFactory.class.getName();
    Assertions.assertThatThrownBy(() -> open(parameters))
        .isInstanceOf(SQLException.class)
        .hasStackTraceContaining("unable to find valid certification path");
  }

  @Test
  void aSocketOfTheUsersProvesNothing() throws SQLException {
    PhysicalConnection session =
        open("sslmode=disable&socketFactory=" + PlainSocketFactory.class.getName());
    assertThat(session.effectsSince(session.moment())).isEqualTo(UNPROVEN);
    session.close();
  }
}
