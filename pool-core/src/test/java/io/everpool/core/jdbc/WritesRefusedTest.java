package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What is declared read-only is refused by the server: it is told before the first statement that
 * it concerns, and told again only when a lease of the other kind follows.
 */
class WritesRefusedTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);

  WritesRefusedTest() {
    driver.canRefuseWrites = true;
  }

  /** What a lease does. */
  private interface Use {
    void of(Connection connection) throws SQLException;
  }

  private void lease(Use use) throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      use.of(face);
    }
  }

  private static void execute(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("select 1");
    }
  }

  private static void readOnly(Connection connection) throws SQLException {
    connection.setReadOnly(true);
    execute(connection);
  }

  private static void readOnlyTransaction(Connection connection) throws SQLException {
    connection.setReadOnly(true);
    connection.setAutoCommit(false);
    execute(connection);
    connection.commit();
  }

  @Test
  void leasesOfOneKindCostOneRoundTripAmongThemAll() throws SQLException {
    for (int i = 0; i < 5; i++) {
      lease(WritesRefusedTest::readOnly);
    }
    assertThat(driver.writesRefused).containsExactly(true);
    for (int i = 0; i < 5; i++) {
      lease(WritesRefusedTest::execute);
    }
    assertThat(driver.writesRefused).containsExactly(true, false);
  }

  @Test
  void leasesThatNeverDeclareItCostNothing() throws SQLException {
    for (int i = 0; i < 5; i++) {
      lease(WritesRefusedTest::execute);
      lease(connection -> connection.setReadOnly(false));
      lease(connection -> connection.setReadOnly(true)); // and sends nothing
    }
    assertThat(driver.writesRefused).isEmpty();
  }

  @Test
  void theServerIsToldBeforeTheStatement() throws SQLException {
    lease(
        connection -> {
          connection.setReadOnly(true);
          assertThat(driver.writesRefused).isEmpty();
          execute(connection);
          assertThat(driver.writesRefused).containsExactly(true);
          connection.setReadOnly(false);
          execute(connection);
          assertThat(driver.writesRefused).containsExactly(true, false);
        });
  }

  /** The driver begins these as read-only itself; turning autocommit on needs the session's. */
  @Test
  void readOnlyTransactionsAreTheDrivers() throws SQLException {
    lease(WritesRefusedTest::readOnlyTransaction);
    assertThat(driver.writesRefused).isEmpty();
    lease(
        connection -> {
          readOnlyTransaction(connection);
          connection.setAutoCommit(true);
          execute(connection);
        });
    assertThat(driver.writesRefused).containsExactly(true);
  }

  /** By its own object it may begin others, which nobody sees. */
  @Test
  void noTransactionIsTheDriversWhoseObjectIsHandedOut() throws SQLException {
    lease(
        connection -> {
          connection.setReadOnly(true);
          connection.setAutoCommit(false);
          connection.unwrap(FakeDriver.Vendor.class);
          assertThat(driver.writesRefused).containsExactly(true);
        });
    driver.writesRefused.clear();
    lease(
        connection -> {
          connection.unwrap(FakeDriver.Vendor.class);
          assertThat(driver.writesRefused).containsExactly(false);
          connection.setAutoCommit(false);
          connection.setReadOnly(true);
          assertThat(driver.writesRefused).containsExactly(false, true);
          connection.setReadOnly(false);
          assertThat(driver.writesRefused).containsExactly(false, true, false);
        });
  }

  /** Whatever may begin a transaction in the next lease begins one that may write. */
  @Test
  void whatFollowsAReadOnlyLeaseMayWrite() throws SQLException {
    List<Use> uses =
        List.of(
            WritesRefusedTest::execute,
            connection -> connection.prepareStatement("select 1").executeQuery().close(),
            connection -> connection.prepareCall("call x()").execute(),
            connection -> connection.createStatement().executeBatch(),
            connection -> connection.setSavepoint(),
            connection -> connection.setSavepoint("s"),
            connection -> connection.getMetaData(),
            connection -> connection.getSchema(),
            connection -> connection.getCatalog(),
            connection -> connection.unwrap(FakeDriver.Vendor.class),
            connection -> connection.setSchema("other"),
            connection -> connection.setCatalog("other"),
            connection -> connection.setClientInfo("ApplicationName", "other"),
            connection -> connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE));
    for (int i = 0; i < uses.size(); i++) {
      driver.writesRefused.clear();
      lease(WritesRefusedTest::readOnly);
      assertThat(driver.writesRefused).as("use %s", i).last().isEqualTo(true);
      Use use = uses.get(i);
      lease(
          connection -> {
            connection.setAutoCommit(false);
            use.of(connection);
          });
      assertThat(driver.writesRefused).as("use %s", i).last().isEqualTo(false);
    }
  }

  @Test
  void aDriverThatCannotIsNotAskedAgain() throws SQLException {
    driver.canRefuseWrites = false;
    lease(WritesRefusedTest::readOnly);
    driver.canRefuseWrites = true;
    lease(WritesRefusedTest::readOnly);
    assertThat(driver.writesRefused).isEmpty();
  }

  /** What was set goes along to another session, whose server hasn't been told. */
  @Test
  void theSessionThatFollowsALostOneIsToldAsWell() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      readOnly(face);
      SessionState state = face.state();
      face.letGo();
      leases.renew(face);
      face.become(state);
      execute(face);
    }
    assertThat(driver.writesRefused).containsExactly(true, true);
  }
}
