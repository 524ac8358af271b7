package io.everpool.postgresql.driver;

import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.execute;
import static io.everpool.postgresql.Sessions.open;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.TransactionState;
import io.everpool.postgresql.Sessions;
import io.everpool.postgresql.failure.FailureRules;
import io.everpool.postgresql.url.HostPort;
import io.everpool.servers.PostgresServer;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.ssl.LibPQFactory;
import org.postgresql.ssl.NonValidatingFactory;

/** Where the driver's internals are missing the public API serves, with the same outcome. */
@Tag("contract")
@Tag("driver")
class PgjdbcInternalsTest {
  private static final PgjdbcInternals MISSING =
      new PgjdbcInternals(false, false, false, false, false, false);

  private PhysicalConnection session;

  @BeforeEach
  void connect() throws SQLException {
    session = open(Sessions.tlsServer().libpqUrl() + "?sslmode=disable");
  }

  @AfterEach
  void disconnect() {
    session.abort();
  }

  private static PgjdbcInternals driver(boolean present) {
    return present ? PgjdbcInternals.PRESENT : MISSING;
  }

  @Test
  void everyDriverFrom4250OnHasThemAll() {
    assertThat(PgjdbcInternals.PRESENT)
        .isEqualTo(new PgjdbcInternals(true, true, true, true, true, true));
  }

  /** By which the host is left out when the others are tried. */
  @Test
  void theHostIsCalledAsInTheUrl() {
    PostgresServer server = Sessions.tlsServer();
    assertThat(PgjdbcInternals.host(session.jdbc(), "hidden"))
        .isEqualTo(new HostPort(server.host(), server.port()).toString());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aQueryHasItsRows(boolean present) throws SQLException {
    try (Statement statement = driver(present).query(session.jdbc(), "select 42")) {
      var rows = statement.getResultSet();
      assertThat(rows.next()).isTrue();
      assertThat(rows.getInt(1)).isEqualTo(42);
    }
    assertThatThrownBy(() -> driver(present).query(session.jdbc(), "nonsense"))
        .isInstanceOf(SQLException.class);
    assertThat(ask(session, "select 1")).isEqualTo("1");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anUpdateMayHaveSeveralStatements(boolean present) throws SQLException {
    driver(present).update(session.jdbc(), "set app.x = 'a'; select 1; set app.y = 'b'");
    assertThat(ask(session, "select current_setting('app.x') || current_setting('app.y')"))
        .isEqualTo("ab");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aPingLeavesTheTransactionAsItIs(boolean present) throws SQLException {
    session.jdbc().setAutoCommit(false);
    driver(present).ping(session.jdbc());
    assertThat(session.transactionState()).isEqualTo(TransactionState.NONE);
    ask(session, "select 1");
    driver(present).ping(session.jdbc());
    assertThat(session.transactionState()).isEqualTo(TransactionState.OPEN);
    assertThatThrownBy(() -> execute(session, "nonsense")).isInstanceOf(SQLException.class);
    driver(present).ping(session.jdbc());
    assertThat(session.transactionState()).isEqualTo(TransactionState.FAILED);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aPingOfADeadSessionFails(boolean present) throws SQLException {
    Sessions.tlsServer().terminate(Sessions.pid(session));
    assertThatThrownBy(() -> driver(present).ping(session.jdbc()))
        .isInstanceOf(SQLException.class)
        .satisfies(e -> assertThat(FailureRules.classify(e).fatal()).isTrue());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void notificationsAreForgotten(boolean present) throws SQLException {
    execute(session, "listen c");
    execute(session, "notify c");
    driver(present).forgetNotifications(session.jdbc());
    assertThat(session.jdbc().unwrap(PGConnection.class).getNotifications()).isNullOrEmpty();
  }

  /** Unknown, the pool rolls back whatever there may be; none, it would lend an open one. */
  @Test
  void withoutTheDriversWordTheTransactionIsUnknown() throws SQLException {
    assertThat(MISSING.transaction(session.jdbc())).isEqualTo(TransactionState.UNKNOWN);
    execute(session, "begin");
    assertThat(MISSING.transaction(session.jdbc())).isEqualTo(TransactionState.UNKNOWN);
    assertThat(PgjdbcInternals.PRESENT.transaction(session.jdbc()))
        .isEqualTo(TransactionState.OPEN);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aFactoryOfTlsSocketsIsMadeAsTheDriverMakesIt(boolean present) throws SQLException {
    Properties properties = new Properties();
    assertThat(driver(present).sslFactory(properties)).isExactlyInstanceOf(LibPQFactory.class);
    properties.setProperty("sslfactory", NonValidatingFactory.class.getName());
    assertThat(driver(present).sslFactory(properties)).isInstanceOf(NonValidatingFactory.class);
    properties.setProperty("sslfactory", "com.example.Missing");
    assertThatThrownBy(() -> driver(present).sslFactory(properties))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("com.example.Missing");
  }
}
