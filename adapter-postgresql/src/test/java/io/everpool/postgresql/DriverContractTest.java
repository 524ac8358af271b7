package io.everpool.postgresql;

import static io.everpool.postgresql.Sessions.LIMIT;
import static io.everpool.postgresql.Sessions.TIMEOUT;
import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.connector;
import static io.everpool.postgresql.Sessions.execute;
import static io.everpool.postgresql.Sessions.open;
import static io.everpool.postgresql.Sessions.pid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.ResetMode;
import io.everpool.api.Verdict;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.CommitTicket;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import io.everpool.core.Everpool;
import io.everpool.postgresql.driver.PresentDriver;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.failure.FailureRules;
import io.everpool.postgresql.session.SessionReset;
import io.everpool.postgresql.session.SideEffect;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/**
 * What the pool needs of the adapter, with whichever driver is there: the build runs it with the
 * oldest, some in the middle and the newest.
 */
@Tag("contract")
@Tag("driver")
@Timeout(60)
class DriverContractTest {
  private static PostgresServer server;
  private PhysicalConnection session;

  @BeforeAll
  static void start() {
    server = Sessions.tlsServer();
    server.execute("create table ledger (x int primary key)");
    server.execute("grant all on ledger to " + server.user());
  }

  @BeforeEach
  void connect() throws SQLException {
    session = open(server.libpqUrl());
  }

  @AfterEach
  void disconnect() {
    session.abort();
  }

  private static PhysicalConnection other() throws SQLException {
    return open(server.libpqUrl());
  }

  private static SQLException refusal(String url) {
    Connector connector = connector(url, UnaryOperator.identity());
    return Assertions.catchThrowableOfType(SQLException.class, () -> connector.open(TIMEOUT));
  }

  private static String encoded(Path file) {
    return URLEncoder.encode(file.toString(), StandardCharsets.UTF_8);
  }

  // open, libpq URL

  @Test
  void aPoolOpensLendsAndHeals() throws SQLException {
    PoolConfig config = PoolConfig.builder(server.libpqUrl()).name("contract").build();
    try (Pool pool = Everpool.open(config)) {
      try (Connection connection = pool.getConnection()) {
        assertThat(ask(connection, "show application_name")).isEqualTo("contract");
        execute(session, "select pg_terminate_backend(" + ask(connection, PID) + ")");
      } catch (SQLException e) {
        throw new AssertionError("a close that throws", e);
      }
      assertThat(
              pool.<String, SQLException>run(
                  WorkOptions.READ_ONLY, c -> String.valueOf(ask(c, "select 'x'"))))
          .isEqualTo("x");
      int written =
          pool.<Integer, SQLException>inTransaction(
              c -> {
                try (var insert = c.prepareStatement("insert into ledger values (?)")) {
                  insert.setInt(1, 1);
                  return insert.executeUpdate();
                }
              });
      assertThat(written).isEqualTo(1);
    }
  }

  private static final String PID = "select pg_backend_pid()";

  @Test
  void aJdbcUrlAndALibpqUrlComeToTheSame() throws SQLException {
    PhysicalConnection jdbc =
        open(
            server.jdbcUrl() + "?ApplicationName=me",
            config -> config.user(server.user()).password(server.password()));
    PhysicalConnection libpq = open(server.libpqUrl() + "?application_name=me");
    String who = "select current_user || current_database() || current_setting('application_name')";
    assertThat(ask(jdbc, who)).isEqualTo(ask(libpq, who)).endsWith("me");
    jdbc.close();
    libpq.close();
  }

  @ParameterizedTest
  @CsvSource({"disable, none", "prefer, TLSv1.3", "require, TLSv1.3", "verify-full, TLSv1.3"})
  void theUrlSaysWhetherToEncryptAndTheSocketCanBeLookedAt(String mode, String version)
      throws SQLException {
    PhysicalConnection encrypted =
        open(
            server.libpqUrl("localhost", server.port())
                + "?sslmode="
                + mode
                + "&sslrootcert="
                + encoded(server.certificate()));
    assertThat(
            ask(
                encrypted,
                "select coalesce(version, 'none') from pg_stat_ssl where pid = pg_backend_pid()"))
        .isEqualTo(version);
    assertThat(encrypted.look()).isEqualTo(Look.ALIVE);
    encrypted.validate(TIMEOUT);
    encrypted.close();
  }

  /** As Neon's console hands it out, where the driver can. */
  @Test
  void channelBindingIsRequiredAndMetWhereTheDriverHasIt() throws SQLException {
    String url = server.libpqUrl() + "?sslmode=require&channel_binding=";
    if (PresentDriver.HERE.knows(PropertyNames.CHANNEL_BINDING)) {
      open(url + "require").close();
    }
    open(url + "prefer").close();
  }

  @Test
  void libpqsOptionsAndKeepAlivesArrive() throws SQLException {
    PhysicalConnection tuned =
        open(
            server.libpqUrl()
                + "?options=-c%20work_mem%3D77kB&keepalives_idle=9&connect_timeout=5"
                + "&target_session_attrs=read-write&gssencmode=disable");
    assertThat(ask(tuned, "show work_mem")).isEqualTo("77kB");
    tuned.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"postgresql:///?service=contract", "jdbc:postgresql:?service=contract"})
  void aServiceFileIsRead(String url, @TempDir Path directory) throws IOException, SQLException {
    Path file = directory.resolve("services");
    Files.writeString(
        file,
        "[contract]\nhost=%s\nport=%d\ndbname=%s\nuser=%s\npassword=%s\n"
            .formatted(
                server.host(), server.port(), server.database(), server.user(), server.password()));
    System.setProperty("org.postgresql.pgservicefile", file.toString());
    try {
      open(url).close();
    } finally {
      System.clearProperty("org.postgresql.pgservicefile");
    }
  }

  // statement timeout

  private static boolean answers(PhysicalConnection session) {
    try {
      return "1".equals(ask(session, "select 1"));
    } catch (SQLException e) {
      return false;
    }
  }

  @Test
  void statementsEndAtTheCommandTimeout() throws SQLException {
    PhysicalConnection limited =
        open(server.libpqUrl(), config -> config.commandTimeout(Duration.ofSeconds(2)));
    assertThatThrownBy(() -> ask(limited, "select pg_sleep(30)"))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57014"));
    Await.until( // on a busy machine this may run into it as well
        LIMIT, () -> answers(limited), "an answer of the same session");
    limited.close();
  }

  // look, validate, abort

  @Test
  void aLookFindsTheEndOfTheSession() throws SQLException {
    assertThat(session.look()).isEqualTo(Look.ALIVE);
    server.terminate(pid(session));
    Await.until(LIMIT, () -> session.look() == Look.DEAD, "the end to be seen");
    assertThatThrownBy(() -> session.validate(TIMEOUT)).isInstanceOf(SQLException.class);
  }

  @Test
  void anAbortIsTheEnd() throws SQLException {
    session.abort();
    assertThat(session.jdbc().isClosed()).isTrue();
    assertThatThrownBy(() -> ask(session, "select 1"))
        .satisfies(e -> assertThat(FailureRules.classify(e)).isEqualTo(Verdict.CONNECTION_LOST));
  }

  // reset

  @ParameterizedTest
  @ValueSource(strings = {"SMART", "DISCARD_ALL"})
  void aResetClearsWhatWasSet(ResetMode mode) throws SQLException {
    String before = ask(session, "show work_mem");
    execute(session, "set work_mem = '1234kB'; listen c; create temp table t (x int)");
    execute(session, "notify c");
    session.reset(mode, SideEffect.set(SessionReset.ANYTHING));
    assertThat(ask(session, "show work_mem")).isEqualTo(before);
    assertThat(ask(session, "select count(*) from pg_listening_channels()")).isEqualTo("0");
    assertThat(ask(session, "select to_regclass('pg_temp.t')")).isNull();
    assertThat(session.jdbc().unwrap(PGConnection.class).getNotifications()).isNullOrEmpty();
    assertThat(ask(session, "show statement_timeout")).isEqualTo("1min");
    assertThat(ask(session, "show application_name")).isEqualTo("everpool");
  }

  // transaction state

  @Test
  void theTransactionsStateIsKnownHoweverItWasBegun() throws SQLException {
    assertThat(session.transactionState()).isEqualTo(TransactionState.NONE);
    execute(session, "begin");
    assertThat(session.transactionState()).isEqualTo(TransactionState.OPEN);
    assertThatThrownBy(() -> execute(session, "nonsense")).isInstanceOf(SQLException.class);
    assertThat(session.transactionState()).isEqualTo(TransactionState.FAILED);
    execute(session, "rollback");
    session.jdbc().setAutoCommit(false);
    session.validate(TIMEOUT);
    assertThat(session.transactionState()).isEqualTo(TransactionState.NONE);
    ask(session, "select 1");
    assertThat(session.transactionState()).isEqualTo(TransactionState.OPEN);
    session.jdbc().rollback();
    assertThat(session.transactionState()).isEqualTo(TransactionState.NONE);
    assertThat(session.isServerReadOnly(SideEffects.NONE)).isFalse();
  }

  // commit outcome

  private CommitTicket written(int row) throws SQLException {
    session.jdbc().setAutoCommit(false);
    execute(session, "insert into ledger values (" + row + ")");
    return Objects.requireNonNull(session.commitTicket());
  }

  private static CommitStatus asked(CommitTicket ticket) throws SQLException {
    PhysicalConnection fresh = other();
    try {
      return fresh.commitStatus(ticket);
    } finally {
      fresh.close();
    }
  }

  @Test
  void theOutcomeOfACommitIsKnown() throws SQLException {
    assertThat(session.commitTicket()).isNull();
    CommitTicket committed = written(101);
    assertThat(asked(committed)).isEqualTo(CommitStatus.IN_PROGRESS);
    session.jdbc().commit();
    assertThat(asked(committed)).isEqualTo(CommitStatus.COMMITTED);
    CommitTicket rolledBack = written(102);
    session.jdbc().rollback();
    assertThat(asked(rolledBack)).isEqualTo(CommitStatus.ABORTED);
    CommitTicket open = written(103);
    PhysicalConnection fresh = other();
    fresh.endTransaction(open);
    fresh.close();
    Await.until(LIMIT, () -> session.look() != Look.ALIVE, "the backend to end");
    assertThat(asked(open)).isEqualTo(CommitStatus.ABORTED);
  }

  /** It may come from anywhere, from another driver's connection for one. */
  @Test
  void aStrangersTicketIsUnknownAndEndsNothing() throws SQLException {
    record Foreign(String name) implements CommitTicket {}
    CommitTicket foreign = new Foreign("42");
    assertThat(session.commitStatus(foreign)).isEqualTo(CommitStatus.UNKNOWN);
    session.endTransaction(foreign);
    session.validate(TIMEOUT);
  }

  // classifier

  @Test
  void whatEndsASessionAndWhatDoesntAreToldApart() throws SQLException {
    assertThatThrownBy(() -> execute(session, "nonsense"))
        .satisfies(e -> assertThat(FailureRules.classify(e)).isEqualTo(Verdict.STATEMENT_FAILED));
    server.terminate(pid(session));
    assertThatThrownBy(() -> ask(session, "select 1"))
        .satisfies(e -> assertThat(FailureRules.classify(e)).isEqualTo(Verdict.SERVER_DOWN));
    assertThat(session.jdbc().isClosed()).isTrue();
  }

  @Test
  void whyNoConnectionOpensIsToldApart() {
    String secret = "wr0ngS3cret";
    String to = "@127.0.0.1:" + server.port() + "/";
    SQLException password =
        refusal("postgresql://" + server.user() + ":" + secret + to + server.database());
    assertThat(password.getSQLState()).isEqualTo("28P01");
    assertThat(password.toString()).doesNotContain(secret);
    assertThat(FailureRules.classify(password)).isEqualTo(Verdict.ACCESS_DENIED);
    SQLException database =
        refusal("postgresql://" + server.user() + ":" + server.password() + to + "nowhere");
    assertThat(database.getSQLState()).isEqualTo("3D000");
    SQLException nobody = refusal("postgresql://u:p@127.0.0.1:1/d");
    assertThat(nobody.getSQLState()).isEqualTo("08001");
    assertThat(FailureRules.classify(nobody)).isEqualTo(Verdict.SERVER_DOWN);
  }

  /** The driver's word on a value is the last one; before 42.7.6 there was protocol 3.0 only. */
  @Test
  void theDriverJudgesAValueThatItDoesntList() throws SQLException {
    String url = server.libpqUrl();
    UnaryOperator<PoolConfig.Builder> protocol =
        config -> config.properties(Map.of("protocolVersion", "3.2"));
    Connector connector = connector(url, protocol);
    if (takesProtocol32()) {
      connector.open(TIMEOUT).close();
    } else {
      assertThatThrownBy(() -> connector.open(TIMEOUT)).hasMessageContaining("3.2");
    }
  }

  private static boolean takesProtocol32() {
    return !PresentDriver.HERE.version().matches("42\\.[56]\\..*|42\\.7\\.[0-5]");
  }
}
