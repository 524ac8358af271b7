package io.everpool.core.h2;

import io.everpool.api.ResetMode;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.h2.jdbc.JdbcConnection;

/** A session of H2's. It looks nowhere, looks no commit up and refuses no write. */
final class H2Connection implements PhysicalConnection {
  private static final long SECOND = 1_000_000_000L;

  private final DataSource source;
  private final JdbcConnection jdbc;
  private final int session;
  private final int lockTimeout;

  H2Connection(DataSource source) throws SQLException {
    this.source = source;
    this.jdbc = (JdbcConnection) source.getConnection();
    this.session = number("select session_id()");
    this.lockTimeout = number("select lock_timeout()");
  }

  private int number(String sql) throws SQLException {
    try (Statement statement = jdbc.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getInt(1);
    }
  }

  int session() {
    return session;
  }

  @Override
  public Connection jdbc() {
    return jdbc;
  }

  @Override
  public Look look() {
    return Look.BLIND;
  }

  @Override
  public void validate(long timeoutNanos) throws SQLException {
    if (!jdbc.isValid((int) Math.max(1, timeoutNanos / SECOND))) {
      throw new SQLException("The session doesn't answer", "08006");
    }
  }

  @Override
  public TransactionState transactionState() {
    return jdbc.getSession().hasPendingTransaction()
        ? TransactionState.OPEN
        : TransactionState.NONE;
  }

  @Override
  public void reset(ResetMode mode, SideEffects sideEffects) throws SQLException {
    boolean all = mode == ResetMode.DISCARD_ALL || sideEffects.isExposed();
    try (Statement statement = jdbc.createStatement()) {
      if (all || sideEffects.has(H2Connector.Leftover.LOCK_TIMEOUT)) {
        statement.execute("set lock_timeout " + lockTimeout);
      }
      if (all || sideEffects.has(H2Connector.Leftover.VARIABLES)) {
        for (String variable : variables(statement)) {
          statement.execute("set " + variable + " null");
        }
      }
    }
  }

  private static List<String> variables(Statement statement) throws SQLException {
    List<String> names = new ArrayList<>();
    try (ResultSet rows =
        statement.executeQuery(
            "select state_key from information_schema.session_state where state_key like '@%'")) {
      while (rows.next()) {
        names.add(rows.getString(1));
      }
    }
    return names;
  }

  @Override
  public void cancel(long timeoutNanos) throws SQLException {
    beside("call cancel_session(" + session + ")");
  }

  private void beside(String sql) throws SQLException {
    try (Connection other = source.getConnection();
        Statement statement = other.createStatement()) {
      statement.execute(sql);
    }
  }

  @Override
  public void close() throws SQLException {
    jdbc.close();
  }

  /** H2's own abort does nothing. */
  @Override
  public void abort() {
    try {
      beside("call abort_session(" + session + ")");
      jdbc.close();
    } catch (SQLException e) {
      // the database has closed, and this connection with it
    }
  }
}
