package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.sql.Array;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.NClob;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.Ref;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLXML;
import java.sql.Statement;
import java.sql.Struct;
import java.util.Collection;
import java.util.Enumeration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What a driver hands out of its own that can be written into is no way into another's lease. */
class HandedOutTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);

  /** Whoever keeps it may write into it when the connection is somebody else's. */
  @Test
  void whatIsPutIntoClientInfoThatWasKeptIsNotTheNextBorrowers() throws SQLException {
    Properties kept;
    try (PooledConnection connection = leases.acquire()) {
      connection.setClientInfo("ApplicationName", "mine");
      kept = connection.getClientInfo();
      assertThat(kept).containsEntry("ApplicationName", "mine");
      kept.setProperty("ClientUser", "alice");
      assertThat(connection.getClientInfo("ClientUser")).isNull();
    }
    try (PooledConnection next = leases.acquire()) {
      assertThat(FakeLeaseManager.session(next).number()).isEqualTo(1);
      kept.setProperty("ClientUser", "bob");
      assertThat(next.getClientInfo()).isEmpty();
      assertThat(next.getClientInfo("ClientUser")).isNull();
    }
  }

  /** To have read it costs nothing when the connection comes back. */
  @Test
  void readingClientInfoLeavesNothingToUndo() throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.getClientInfo();
    driver.calls.clear();
    connection.close();
    assertThat(driver.calls).isEmpty();
  }

  /** As the type map does, in a lease that has asked for it. */
  @Test
  void whatIsPutIntoATypeMapThatWasKeptIsNotTheNextBorrowers() throws SQLException {
    Map<String, Class<?>> kept;
    try (PooledConnection connection = leases.acquire()) {
      kept = connection.getTypeMap();
    }
    try (PooledConnection next = leases.acquire()) {
      kept.put("x", String.class);
      assertThat(next.getTypeMap()).isEmpty();
    }
  }

  /** Upkeep ends such a lease when the driver's object is over, but none of a unit of work. */
  @Test
  void aLeaseIsNamedFromTheHandingOutOnButNotWithinAUnit() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      Session session = FakeLeaseManager.session(connection);
      long lease = session.slot().lease;
      assertThat(session.handedOut()).isZero();
      connection.unwrap(FakeDriver.Vendor.class);
      assertThat(session.handedOut()).isEqualTo(lease);
      UnitObserver before = connection.silence();
      assertThat(session.handedOut()).as("a unit begins").isZero();
      connection.unwrap(FakeDriver.Vendor.class);
      assertThat(session.handedOut()).isZero();
      connection.observer(before);
      assertThat(session.handedOut()).as("the unit is over").isEqualTo(lease);
    }
  }

  /** Who sets a session up does so again on the next. */
  @Test
  void whatSetsASessionUpNamesNoLease() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      Session session = FakeLeaseManager.session(connection);
      session.settingUp(true);
      connection.unwrap(FakeDriver.Vendor.class);
      session.settingUp(false);
      connection.observer(connection.silence());
      assertThat(session.handedOut()).isZero();
    }
  }

  /**
   * There are no others. Arrays, dates and values are read anew at each call, and results end with
   * the lease; only what belongs to the session itself outlives it.
   */
  @Test
  void noOtherGetterHandsOutACollection() {
    Set<String> found = new TreeSet<>();
    for (Class<?> face :
        List.of(
            Connection.class,
            Statement.class,
            PreparedStatement.class,
            CallableStatement.class,
            ResultSet.class,
            DatabaseMetaData.class,
            Array.class,
            Blob.class,
            Clob.class,
            NClob.class,
            ParameterMetaData.class,
            Ref.class,
            ResultSetMetaData.class,
            SQLXML.class,
            Struct.class)) {
      for (Method method : AnyCall.methods(face)) {
        Class<?> result = method.getReturnType();
        if (List.of(Map.class, Collection.class, Iterator.class, Enumeration.class).stream()
            .anyMatch(kind -> kind.isAssignableFrom(result))) {
          found.add(face.getSimpleName() + "." + method.getName());
        }
      }
    }
    assertThat(found).containsExactly("Connection.getClientInfo", "Connection.getTypeMap");
  }
}
