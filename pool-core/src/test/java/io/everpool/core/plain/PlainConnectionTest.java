package io.everpool.core.plain;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlainConnectionTest {
  private final List<String> calls = new ArrayList<>();

  /** A connection that notes what is called; its rollback fails if asked to. */
  private Connection driver(boolean autoCommit, boolean rollbackFails) {
    return (Connection)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("getAutoCommit")) {
                return autoCommit;
              }
              calls.add(method.getName());
              if (rollbackFails && method.getName().equals("rollback")) {
                throw new SQLException("gone", "08006");
              }
              return null;
            });
  }

  /** JDBC leaves it to the driver what a close does to an open transaction, and some commit it. */
  @Test
  void nothing_uncommitted_is_committed_by_a_close() throws SQLException {
    new PlainConnection(driver(false, false)).close();
    assertThat(calls).containsExactly("rollback", "close");
  }

  @Test
  void with_autocommit_there_is_nothing_to_roll_back() throws SQLException {
    new PlainConnection(driver(true, false)).close();
    assertThat(calls).containsExactly("close");
  }

  @Test
  void a_connection_that_cannot_roll_back_is_cut_instead() throws SQLException {
    new PlainConnection(driver(false, true)).close();
    assertThat(calls).containsExactly("rollback", "abort");
  }
}
