package io.everpool.postgresql.session;

import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.execute;
import static io.everpool.postgresql.Sessions.open;
import static io.everpool.postgresql.Sessions.server;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.ResetMode;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import io.everpool.postgresql.ForwardingSocketFactory;
import io.everpool.postgresql.Sessions;
import io.everpool.servers.Await;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.SocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** A session after a reset is as a new one; what the scanner of texts says is what is cleared. */
@Tag("one-jdk")
class SessionResetTest {
  private PhysicalConnection session;

  @BeforeAll
  static void createRole() {
    server().execute("create role borrowed");
    server().execute("grant borrowed to " + server().user());
    server()
        .execute(
            "create procedure meddle() language plpgsql as $$ begin "
                + "perform set_config('app.x', 'left', false); create temp table left_t (x int); "
                + "execute 'prepare left_p as select 1'; execute 'listen left_c'; end $$");
  }

  @BeforeEach
  void connect() throws SQLException {
    session = open();
  }

  @AfterEach
  void disconnect() throws SQLException {
    session.close();
  }

  private void smartAfter(String sql) throws SQLException {
    execute(session, sql);
    session.reset(ResetMode.SMART, SideEffect.set(SqlSideEffects.of(sql)));
  }

  /** Each query says "clean" before; the statement changes that; the reset brings it back. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "set work_mem = '1234kB' | select current_setting('work_mem')",
        "set search_path to pg_catalog | select current_setting('search_path')",
        "set app.x = 'left' | select coalesce(nullif(current_setting('app.x', true), ''), 'none')",
        "select set_config('app.x', 'left', false)"
            + " | select coalesce(nullif(current_setting('app.x', true), ''), 'none')",
        "set local.x = 'left'"
            + " | select coalesce(nullif(current_setting('local.x', true), ''), 'none')",
        "set session.local = 'left'"
            + " | select coalesce(nullif(current_setting('session.local', true), ''), 'none')",
        "set session session.role = 'left'"
            + " | select coalesce(nullif(current_setting('session.role', true), ''), 'none')",
        "set role.x = 'left'"
            + " | select coalesce(nullif(current_setting('role.x', true), ''), 'none')",
        "set statement_timeout = 1234 | select current_setting('statement_timeout')",
        "set time zone 'Asia/Tokyo' | select current_setting('TimeZone')",
        "set session characteristics as transaction read only"
            + " | select current_setting('default_transaction_read_only')",
        "update pg_settings set setting = '1234' where name = 'work_mem'"
            + " | select current_setting('work_mem')",
        "set application_name = 'left' | select current_setting('application_name')",
        "set role borrowed | select current_user",
        "set session authorization default; set role to borrowed | select current_user",
        "select set_config('role', 'borrowed', false) | select current_user",
        "listen left_c | select count(*) from pg_listening_channels()",
        "select pg_advisory_lock(42), pg_advisory_lock_shared(43)"
            + " | select count(*) from pg_locks where locktype = 'advisory' and pid ="
            + " pg_backend_pid()",
        "create temp table left_t (x int) | select to_regclass('pg_temp.left_t') is null",
        "select 1 as x into temporary left_t | select to_regclass('pg_temp.left_t') is null",
        "begin; set local search_path to 'pg_temp'; create table left_t (x int); commit"
            + " | select to_regclass('pg_temp.left_t') is null",
        "begin; select set_config('search_path', U&'pg\\005ftemp', true); create table left_t ();"
            + " commit | select to_regclass('pg_temp.left_t') is null",
        "begin; set local search_path to E'\\x70g\\137te\\u006d\\p'; create table left_t ();"
            + " commit | select to_regclass('pg_temp.left_t') is null",
        "begin; declare left_c cursor with hold for select 1; commit"
            + " | select count(*) from pg_cursors",
        "prepare left_p as select 1"
            + " | select count(*) from pg_prepared_statements where from_sql",
        "call meddle() | select (select count(*) from pg_listening_channels()) ||"
            + " (to_regclass('pg_temp.left_t') is null)::text ||"
            + " coalesce(nullif(current_setting('app.x', true), ''), 'none') ||"
            + " (select count(*) from pg_prepared_statements where from_sql)",
        "do $$ begin perform pg_advisory_lock(44); end $$"
            + " | select count(*) from pg_locks where locktype = 'advisory' and pid ="
            + " pg_backend_pid()"
      })
  void whatAStatementLeavesIsCleared(String statement, String query) throws SQLException {
    String clean = ask(session, query);
    execute(session, statement);
    assertThat(ask(session, query)).as("the statement leaves a trace").isNotEqualTo(clean);
    session.reset(ResetMode.SMART, SideEffect.set(SqlSideEffects.of(statement)));
    assertThat(ask(session, query)).isEqualTo(clean);

    execute(session, statement);
    session.reset(ResetMode.DISCARD_ALL, SideEffects.NONE);
    assertThat(ask(session, query)).isEqualTo(clean);
  }

  /** The smart one only. */
  @Test
  void whatIsNotAmongTheTracesStays() throws SQLException {
    smartAfter("listen stays; listen stays_too");
    execute(session, "listen stays");
    smartAfter("set work_mem = '1MB'");
    assertThat(ask(session, "select count(*) from pg_listening_channels()")).isEqualTo("1");
  }

  @Test
  void aRoleIsGivenUpBeforeSettingsAreReset() throws SQLException {
    server().execute("alter role borrowed set work_mem = '99kB'");
    smartAfter("set work_mem = '1MB'; set role borrowed");
    assertThat(ask(session, "select current_user || current_setting('work_mem')"))
        .isEqualTo(server().user() + "4MB");
  }

  /** They would be given to whoever asks next, though he never listened. */
  @ParameterizedTest
  @EnumSource(names = {"SMART", "DISCARD_ALL"})
  void notificationsThatTheDriverHoldsAreForgotten(ResetMode mode) throws SQLException {
    execute(session, "listen old");
    server().execute("notify old");
    Await.until(Sessions.LIMIT, () -> session.look() != Look.ALIVE, "it");
    session.validate(Sessions.TIMEOUT);
    session.reset(mode, SideEffect.set(SessionReset.LISTEN));
    assertThat(session.jdbc().unwrap(PGConnection.class).getNotifications()).isEmpty();
  }

  /** After five executions pgjdbc prepares a statement on the server, under a name of its own. */
  @ParameterizedTest
  @ValueSource(strings = {"DISCARD_ALL", "SMART"})
  void theDriversOwnPreparedStatementsKeepWorking(ResetMode mode) throws SQLException {
    try (PreparedStatement statement =
        session.jdbc().prepareStatement("select ?::int + 1 as next")) {
      for (int i = 0; i < 30; i++) {
        statement.setInt(1, i);
        try (ResultSet rows = statement.executeQuery()) {
          rows.next();
          assertThat(rows.getInt(1)).isEqualTo(i + 1);
        }
        if (i % 10 == 9) {
          assertThat(ask(session, "select count(*) from pg_prepared_statements where not from_sql"))
              .as("prepared on the server")
              .isNotEqualTo("0");
          execute(session, "prepare left_p as select 1");
          session.reset(mode, SideEffect.set(SessionReset.ANYTHING));
        }
      }
    }
  }

  /** Only those that SQL has prepared go; to parse the driver's again would be a waste. */
  @Test
  void aSmartResetLeavesTheDriversStatementsPrepared() throws SQLException {
    try (PreparedStatement statement = session.jdbc().prepareStatement("select 'mine'")) {
      for (int i = 0; i < 10; i++) {
        statement.execute();
      }
      execute(session, "prepare \"Left P\" as select 1");
      String mine =
          "select count(*) from pg_prepared_statements where statement = 'select ''mine'''";
      assertThat(ask(session, mine)).isEqualTo("1");
      session.reset(ResetMode.SMART, SideEffect.set(SessionReset.PREPARED));
      assertThat(ask(session, mine)).isEqualTo("1");
    }
  }

  /** Without autocommit a reset must not begin a transaction that then stays open. */
  @ParameterizedTest
  @EnumSource(names = {"SMART", "DISCARD_ALL"})
  void aResetBeginsNoTransaction(ResetMode mode) throws SQLException {
    session.jdbc().setAutoCommit(false);
    session.reset(mode, SideEffect.set(SessionReset.ANYTHING));
    assertThat(session.transactionState()).isEqualTo(TransactionState.NONE);
    assertThat(session.jdbc().getAutoCommit()).isFalse();
  }

  @Test
  void aResetThatFailsSaysSo() throws SQLException {
    session.abort();
    assertThatThrownBy(() -> session.reset(ResetMode.SMART, SideEffect.set(SessionReset.SETTINGS)))
        .isInstanceOf(SQLException.class);
  }

  /** Counts how often an answer is waited for: reads that follow a write. */
  public static final class TurnCounter extends ForwardingSocketFactory {
    static final AtomicInteger TURNS = new AtomicInteger();

    public TurnCounter() {
      super(SocketFactory.getDefault());
    }

    @Override
    public Socket createSocket() {
      return new CountingSocket();
    }
  }

  private static final class CountingSocket extends Socket {
    private boolean written;

    @Override
    public InputStream getInputStream() throws IOException {
      return new FilterInputStream(super.getInputStream()) {
        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
          if (written) {
            written = false;
            TurnCounter.TURNS.incrementAndGet();
          }
          return super.read(to, offset, length);
        }
      };
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
      return new FilterOutputStream(super.getOutputStream()) {
        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
          written = true;
          out.write(from, offset, length);
        }
      };
    }
  }

  @Test
  void aResetIsOneRoundTripAndNoneWithoutTraces() throws SQLException {
    String url = server().jdbcUrl() + "?socketFactory=" + TurnCounter.class.getName();
    PhysicalConnection counted =
        open(url, config -> config.user(server().user()).password(server().password()));
    for (int sideEffects = 0; sideEffects <= SessionReset.ANYTHING; sideEffects++) {
      int before = TurnCounter.TURNS.get();
      counted.reset(ResetMode.SMART, SideEffect.set(sideEffects));
      assertThat(TurnCounter.TURNS.get() - before).isEqualTo(sideEffects == 0 ? 0 : 1);
    }
    int before = TurnCounter.TURNS.get();
    counted.reset(ResetMode.DISCARD_ALL, SideEffects.NONE);
    assertThat(TurnCounter.TURNS.get() - before).isEqualTo(1);
    counted.close();
  }

  /** Simple queries (preferQueryMode) are what poolers and replication want. */
  @Test
  void aResetWorksInSimpleQueryModeToo() throws SQLException {
    PhysicalConnection simple =
        open(
            server().jdbcUrl() + "?preferQueryMode=simple",
            config ->
                config
                    .user(server().user())
                    .password(server().password())
                    .commandTimeout(Duration.ofSeconds(61)));
    execute(simple, "set statement_timeout = 1234; set role borrowed");
    simple.reset(ResetMode.SMART, SideEffect.set(SessionReset.ANYTHING));
    Connection jdbc = simple.jdbc();
    assertThat(ask(jdbc, "select current_setting('statement_timeout') || current_user"))
        .isEqualTo("61s" + server().user());
    simple.reset(ResetMode.DISCARD_ALL, SideEffects.NONE);
    simple.close();
  }
}
