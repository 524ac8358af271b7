package io.everpool.postgresql;

import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * The SQL that begins a transaction with its level of isolation, read-only mode and schema, where
 * these can't be set for the session: behind a pooler the session may go on with another server
 * connection after each transaction.
 */
final class TransactionStart {
  private TransactionStart() {}

  /**
   * Returns the statements, in one text.
   *
   * @param isolation one of {@link Connection}'s levels, or {@code TRANSACTION_NONE} to begin with
   *     the server's own
   * @param schema the schema's name, without quotes; null for none
   */
  static String sql(int isolation, boolean readOnly, @Nullable String schema) throws SQLException {
    String level = level(isolation);
    return "BEGIN"
        + (level.isEmpty() ? "" : " ISOLATION LEVEL " + level)
        + (readOnly ? " READ ONLY" : "")
        + (schema == null ? "" : "; SET LOCAL search_path TO " + quoted(schema));
  }

  private static String level(int isolation) throws SQLException {
    return switch (isolation) {
      case Connection.TRANSACTION_NONE -> "";
      case Connection.TRANSACTION_READ_UNCOMMITTED -> "READ UNCOMMITTED";
      case Connection.TRANSACTION_READ_COMMITTED -> "READ COMMITTED";
      case Connection.TRANSACTION_REPEATABLE_READ -> "REPEATABLE READ";
      case Connection.TRANSACTION_SERIALIZABLE -> "SERIALIZABLE";
      default ->
          throw new SQLException("There is no such level of isolation: " + isolation, "22023");
    };
  }

  private static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }
}
