package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.driver.Effects;
import java.io.InputStream;
import java.io.Reader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
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

  /** Of the present lease. */
  private ResultSet kept;

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

  private static PreparedStatement insert(Connection connection) throws SQLException {
    return connection.prepareStatement("insert");
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

  /** These the driver doesn't begin as read-only, though it has begun others before. */
  @Test
  void noTransactionThatBeginsWithALargeObjectIsTheDrivers() throws SQLException {
    List<Use> uses =
        List.of(
            connection -> insert(connection).setBlob(1, InputStream.nullInputStream()),
            connection -> insert(connection).setClob(1, Reader.nullReader()),
            connection -> insert(connection).setNClob(1, Reader.nullReader()),
            connection -> insert(connection).setObject(1, InputStream.nullInputStream()),
            connection -> insert(connection).setObject(1, kept.getBlob(1), Types.BLOB),
            connection -> insert(connection).setObject(1, kept.getClob(1), Types.CLOB, 1),
            connection -> kept.getBlob(1).length(),
            connection -> kept.getBlob(1).setBytes(1, new byte[1]),
            connection -> kept.getClob(1).getSubString(1, 1),
            connection -> kept.getNClob(1).truncate(0));
    for (int i = 0; i < uses.size(); i++) {
      Use use = uses.get(i);
      driver.writesRefused.clear();
      String name = "use " + i;
      lease(
          connection -> {
            readOnlyTransaction(connection);
            assertThat(driver.writesRefused).as(name).doesNotContain(true);
            kept = connection.createStatement().executeQuery("select 1");
            connection.commit();
            use.of(connection);
            assertThat(driver.writesRefused).as(name).endsWith(true);
            connection.rollback();
            use.of(connection);
            assertThat(driver.writesRefused).as(name).containsOnlyOnce(true);
          });
      lease(WritesRefusedTest::execute);
    }
  }

  /** Behind a pooler it is said in the transaction, for the session is another's by the next. */
  @Test
  void behindAPoolerItIsBegunAsReadOnly() throws SQLException {
    driver.shared = true;
    driver.canRefuseWrites = false;
    lease(
        connection -> {
          readOnlyTransaction(connection);
          assertThat(driver.begun).isEmpty();
          insert(connection).setBlob(1, InputStream.nullInputStream());
          assertThat(driver.begun).containsExactly("0 read only");
          insert(connection).setBlob(1, InputStream.nullInputStream());
          connection.commit();
          execute(connection);
          connection.commit();
          assertThat(driver.begun).hasSize(1);
        });
  }

  /** Nor what it begins by its own object, of which nobody sees when. */
  @Test
  void behindAPoolerItIsBegunAheadOfTheDriversOwnObject() throws SQLException {
    driver.shared = true;
    driver.canRefuseWrites = false;
    lease(
        connection -> {
          FakeLeaseManager.physical((PooledConnection) connection).seeCommit(Effects.NONE);
          connection.setReadOnly(true);
          connection.setAutoCommit(false);
          connection.unwrap(FakeDriver.Vendor.class);
          assertThat(driver.begun).containsExactly("0 read only");
          connection.commit();
          connection.rollback();
          assertThat(driver.begun).hasSize(3);
          connection.setAutoCommit(true);
          execute(connection);
          connection.setAutoCommit(false);
          assertThat(driver.begun).hasSize(4);
          connection.setReadOnly(false);
          assertThat(FakeLeaseManager.session((PooledConnection) connection).inTransaction())
              .isFalse();
          execute(connection);
          connection.commit();
          assertThat(driver.begun).hasSize(4).containsOnly("0 read only");
          connection.setReadOnly(true);
          assertThat(driver.begun).hasSize(5);
        });
    assertThat(leases.events).as("nothing was left open").isEmpty();
    lease(
        connection -> {
          connection.setAutoCommit(false);
          execute(connection);
          connection.commit();
        });
    assertThat(driver.begun).hasSize(5);
  }

  /** The driver asks outside of any transaction, too, and frameworks ask around theirs. */
  @Test
  void theLevelMayBeAskedForInOneThatWasBegunAhead() throws SQLException {
    driver.shared = true;
    lease(
        connection -> {
          FakePhysical physical = FakeLeaseManager.physical((PooledConnection) connection);
          physical.seeCommit(Effects.NONE);
          connection.unwrap(FakeDriver.Vendor.class);
          connection.setAutoCommit(false);
          connection.setReadOnly(true);
          driver.during("getTransactionIsolation", () -> physical.seeCommit(Effects.NONE));
          connection.getTransactionIsolation();
          connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
          assertThat(driver.begun).containsExactly("0 read only", "8 read only");
        });
  }

  /** As it is told elsewhere: it doesn't begin them so, whatever begins them. */
  @Test
  void behindAPoolerItIsBegunForADriverToWhichItIsAHint() throws SQLException {
    driver.shared = true;
    driver.canRefuseWrites = false;
    driver.takesReadOnlyAsAHint = true;
    lease(WritesRefusedTest::readOnlyTransaction);
    lease(WritesRefusedTest::readOnly);
    assertThat(driver.begun).containsExactly("0 read only");
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
            connection -> insert(connection).getMetaData().isNullable(1),
            connection -> insert(connection).setBlob(1, InputStream.nullInputStream()),
            connection -> insert(connection).setObject(1, InputStream.nullInputStream()),
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
