package io.everpool.dropwizard;

import io.everpool.api.LeaseInterceptor;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How Dropwizard's own pool hands out connections if its settings say so, with autocommit off for
 * example. When a connection comes back, the pool undoes what is set here, and it is set again at
 * the next lease.
 *
 * @param isolation a {@code Connection.TRANSACTION_*} level; null for the database's own level
 */
record SessionDefaults(
    @Nullable Boolean autoCommit, @Nullable Boolean readOnly, @Nullable Integer isolation)
    implements LeaseInterceptor {

  static final String AUTO_COMMIT = "auto-commit-by-default";
  static final String READ_ONLY = "read-only-by-default";
  static final String ISOLATION = "default-transaction-isolation";

  private static final Map<String, Integer> LEVELS =
      Map.of(
          "READ_UNCOMMITTED", Connection.TRANSACTION_READ_UNCOMMITTED,
          "READ_COMMITTED", Connection.TRANSACTION_READ_COMMITTED,
          "REPEATABLE_READ", Connection.TRANSACTION_REPEATABLE_READ,
          "SERIALIZABLE", Connection.TRANSACTION_SERIALIZABLE);

  /**
   * Reads what the settings say.
   *
   * @param settings returns null for a setting that isn't set
   * @param problems is told of every value that isn't valid
   */
  static SessionDefaults of(UnaryOperator<@Nullable String> settings, List<String> problems) {
    return new SessionDefaults(
        Truth.of(AUTO_COMMIT, settings, problems),
        Truth.of(READ_ONLY, settings, problems),
        level(settings.apply(ISOLATION), problems));
  }

  private static @Nullable Integer level(@Nullable String value, List<String> problems) {
    String name = value == null ? "DEFAULT" : value.strip().toUpperCase(Locale.ROOT);
    if (name.equals("DEFAULT")) {
      return null;
    }
    Integer level = LEVELS.get(name);
    if (level == null) {
      problems.add(
          Names.camel(ISOLATION)
              + " must be one of DEFAULT, READ_UNCOMMITTED, READ_COMMITTED, REPEATABLE_READ,"
              + " SERIALIZABLE");
    }
    return level;
  }

  /** Whether there is nothing to set. */
  boolean isPlain() {
    return equals(new SessionDefaults(null, null, null));
  }

  @Override
  public void acquired(Connection connection) throws SQLException {
    if (readOnly != null) {
      connection.setReadOnly(readOnly);
    }
    if (isolation != null) {
      connection.setTransactionIsolation(isolation);
    }
    if (autoCommit != null) {
      connection.setAutoCommit(autoCommit);
    }
  }
}
