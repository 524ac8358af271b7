package io.everpool.it.chaos;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jdbi.v3.core.Handle;

/**
 * The tables of one application, and what is done to them. A transfer's row bears the id of the
 * transaction that wrote it, and nothing keeps it from being there twice: that is what shows.
 */
final class Ledger {
  static final int ACCOUNTS = 100;
  static final long INITIAL_BALANCE = 1_000_000;

  private final String schema;

  Ledger(String schema) {
    this.schema = schema;
  }

  /** Makes the tables, on a connection of the tables' owner. */
  void create(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("create schema " + schema);
      statement.execute(
          "create table " + schema + ".account (id int primary key, balance bigint not null)");
      statement.execute(
          "insert into %s.account select i, %d from generate_series(0, %d) i"
              .formatted(schema, INITIAL_BALANCE, ACCOUNTS - 1));
      statement.execute(
          ("create table %s.transfer (id bigint not null, payer int not null, payee int not null,"
                  + " amount int not null, xid bigint default pg_current_xact_id()::text::bigint)")
              .formatted(schema));
      statement.execute("create table " + schema + ".note (id bigint not null)");
      statement.execute("create table " + schema + ".seen (id bigint primary key)");
    }
  }

  /** Empties them and gives the accounts their money back. */
  void clear(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("truncate %1$s.transfer, %1$s.note, %1$s.seen".formatted(schema));
      statement.execute("update " + schema + ".account set balance = " + INITIAL_BALANCE);
    }
  }

  /** Moves the money; accounts are locked by number, so that there are no deadlocks. */
  Boolean transfer(Connection connection, Transfer transfer) throws SQLException {
    boolean payerFirst = transfer.payer() < transfer.payee();
    for (boolean payer : new boolean[] {payerFirst, !payerFirst}) {
      try (PreparedStatement move = connection.prepareStatement(moveSql())) {
        move.setInt(1, payer ? -transfer.amount() : transfer.amount());
        move.setInt(2, payer ? transfer.payer() : transfer.payee());
        move.executeUpdate();
      }
    }
    try (PreparedStatement insert = connection.prepareStatement(insertSql())) {
      insert.setLong(1, transfer.id());
      insert.setInt(2, transfer.payer());
      insert.setInt(3, transfer.payee());
      insert.setInt(4, transfer.amount());
      return insert.executeUpdate() == 1;
    }
  }

  /** The same by Jdbi. */
  void transfer(Handle handle, Transfer transfer) {
    boolean payerFirst = transfer.payer() < transfer.payee();
    for (boolean payer : new boolean[] {payerFirst, !payerFirst}) {
      handle.execute(
          moveSql(),
          payer ? -transfer.amount() : transfer.amount(),
          payer ? transfer.payer() : transfer.payee());
    }
    handle.execute(
        insertSql(), transfer.id(), transfer.payer(), transfer.payee(), transfer.amount());
  }

  private String moveSql() {
    return "update " + schema + ".account set balance = balance + ? where id = ?";
  }

  private String insertSql() {
    return "insert into " + schema + ".transfer (id, payer, payee, amount) values (?, ?, ?, ?)";
  }

  /** All the money there is. */
  Long total(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery("select sum(balance) from " + schema + ".account")) {
      rows.next();
      return rows.getLong(1);
    }
  }

  /** Writes a row, in whatever transaction there is. */
  void note(Connection connection, long id) throws SQLException {
    one(connection, "insert into " + schema + ".note (id) values (?)", id);
  }

  /** Writes a row that is there once however often this is done. */
  Boolean see(Connection connection, long id) throws SQLException {
    one(connection, "insert into " + schema + ".seen (id) values (?) on conflict do nothing", id);
    return true;
  }

  private static void one(Connection connection, String sql, long id) throws SQLException {
    try (PreparedStatement insert = connection.prepareStatement(sql)) {
      insert.setLong(1, id);
      insert.executeUpdate();
    }
  }
}
