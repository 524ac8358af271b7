package io.everpool.spring;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.LeaseInterceptor;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How HikariCP hands connections out where its settings say so: with autocommit off, say, on which
 * Hibernate may have been told to rely. What is set here is as new at the next lease, and set
 * again.
 *
 * @param isolation a {@code Connection.TRANSACTION_*} level; null for the database's own
 */
record HikariSession(
    @Nullable Boolean autoCommit,
    @Nullable Boolean readOnly,
    @Nullable Integer isolation,
    @Nullable String schema,
    @Nullable String catalog)
    implements LeaseInterceptor {

  /** HikariCP's names, in kebab case. */
  static final List<String> KEYS =
      List.of("auto-commit", "read-only", "transaction-isolation", "schema", "catalog");

  private static final Map<String, Integer> LEVELS =
      Map.of(
          "read_uncommitted", Connection.TRANSACTION_READ_UNCOMMITTED,
          "read_committed", Connection.TRANSACTION_READ_COMMITTED,
          "repeatable_read", Connection.TRANSACTION_REPEATABLE_READ,
          "serializable", Connection.TRANSACTION_SERIALIZABLE);

  /**
   * As the settings say.
   *
   * @param settings gives null for what nobody says
   * @throws InvalidPoolConfigException with every value that is none
   */
  @SuppressWarnings("NullAway") // the operator's null is what it is for
  static HikariSession of(UnaryOperator<@Nullable String> settings) {
    List<String> problems = new ArrayList<>();
    HikariSession session =
        new HikariSession(
            truth("auto-commit", settings, problems),
            truth("read-only", settings, problems),
            level(settings.apply("transaction-isolation"), problems),
            settings.apply("schema"),
            settings.apply("catalog"));
    if (!problems.isEmpty()) {
      throw new InvalidPoolConfigException(problems);
    }
    return session;
  }

  private static @Nullable Boolean truth(
      String key, UnaryOperator<@Nullable String> settings, List<String> problems) {
    String value = settings.apply(key);
    if (value == null) {
      return null;
    }
    if (!value.equals("true") && !value.equals("false")) {
      problems.add(HikariSettings.PREFIX + "." + key + " must be true or false");
    }
    return value.equals("true");
  }

  private static @Nullable Integer level(@Nullable String value, List<String> problems) {
    if (value == null) {
      return null;
    }
    String name = value.toLowerCase(Locale.ROOT).replace("transaction_", "");
    Integer level = LEVELS.get(name);
    if (level == null) {
      problems.add(
          HikariSettings.PREFIX
              + ".transaction-isolation must be one of TRANSACTION_READ_COMMITTED,"
              + " TRANSACTION_REPEATABLE_READ, TRANSACTION_SERIALIZABLE");
    }
    return level;
  }

  /** The same in a database of other schemas. */
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
