package io.everpool.spring;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.LeaseInterceptor;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How HikariCP hands out connections if its settings say so, with autocommit off for example, on
 * which Hibernate may have been told to rely. When a connection comes back, the pool undoes what is
 * set here, and it is set again at the next lease.
 *
 * @param isolation a {@code Connection.TRANSACTION_*} level; null for the database's own level
 */
record HikariSession(
    @Nullable Boolean autoCommit,
    @Nullable Boolean readOnly,
    @Nullable Integer isolation,
    @Nullable String schema,
    @Nullable String catalog)
    implements LeaseInterceptor {

  /** HikariCP's names of these settings, in kebab case. */
  static final List<String> KEYS =
      List.of("auto-commit", "read-only", "transaction-isolation", "schema", "catalog");

  /** The levels by their names and by JDBC's numbers; HikariCP accepts both. */
  private static final Map<String, Integer> LEVELS =
      Map.of(
          "read_uncommitted", Connection.TRANSACTION_READ_UNCOMMITTED,
          "read_committed", Connection.TRANSACTION_READ_COMMITTED,
          "repeatable_read", Connection.TRANSACTION_REPEATABLE_READ,
          "serializable", Connection.TRANSACTION_SERIALIZABLE,
          "1", Connection.TRANSACTION_READ_UNCOMMITTED,
          "2", Connection.TRANSACTION_READ_COMMITTED,
          "4", Connection.TRANSACTION_REPEATABLE_READ,
          "8", Connection.TRANSACTION_SERIALIZABLE);

  /**
   * Reads what the settings say.
   *
   * @param settings returns null for a setting that isn't set
   * @throws InvalidPoolConfigException with all values that aren't valid
   */
  static HikariSession of(Function<String, @Nullable Found> settings) {
    List<String> problems = new ArrayList<>();
    HikariSession session =
        new HikariSession(
            truth("auto-commit", settings, problems),
            truth("read-only", settings, problems),
            level(settings.apply("transaction-isolation"), problems),
            text(settings.apply("schema")),
            text(settings.apply("catalog")));
    if (!problems.isEmpty()) {
      throw new InvalidPoolConfigException(problems);
    }
    return session;
  }

  private static @Nullable Boolean truth(
      String key, Function<String, @Nullable Found> settings, List<String> problems) {
    Found found = settings.apply(key);
    if (found == null) {
      return null;
    }
    Boolean truth = Truth.of(found.value());
    if (truth == null) {
      problems.add(refusal(key, "true or false", found));
    }
    return truth;
  }

  private static @Nullable Integer level(@Nullable Found found, List<String> problems) {
    if (found == null) {
      return null;
    }
    String name = found.value().strip().toLowerCase(Locale.ROOT).replace("transaction_", "");
    Integer level = LEVELS.get(name);
    if (level == null) {
      problems.add(
          refusal(
              "transaction-isolation",
              "one of TRANSACTION_READ_COMMITTED, TRANSACTION_REPEATABLE_READ,"
                  + " TRANSACTION_SERIALIZABLE",
              found));
    }
    return level;
  }

  /**
   * The refusal of a value. It doesn't contain the value, which may have come from a wrong
   * variable.
   */
  private static String refusal(String key, String wanted, Found found) {
    return HikariSettings.PREFIX + "." + key + " must be " + wanted + " (" + found.place() + ")";
  }

  private static @Nullable String text(@Nullable Found found) {
    return found == null ? null : found.value();
  }

  /** The same settings for a database that has other schemas. */
  HikariSession elsewhere() {
    return new HikariSession(autoCommit, readOnly, isolation, null, null);
  }

  /** Whether there is nothing to set. */
  boolean isPlain() {
    return equals(new HikariSession(null, null, null, null, null));
  }

  @Override
  public void acquired(Connection connection) throws SQLException {
    if (readOnly != null) {
      connection.setReadOnly(readOnly);
    }
    if (isolation != null) {
      connection.setTransactionIsolation(isolation);
    }
    if (schema != null) {
      connection.setSchema(schema);
    }
    if (catalog != null) {
      connection.setCatalog(catalog);
    }
    if (autoCommit != null) {
      connection.setAutoCommit(autoCommit);
    }
  }
}
