package io.everpool.core.plain;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * URLs of databases in memory that have no name: each connection gets a database of its own, empty
 * at first, which is gone when the pool replaces that connection.
 */
final class PrivateDatabases {
  private static final Pattern H2 = Pattern.compile("jdbc:h2:mem:(?:;.*)?");
  private static final Pattern DUCKDB = Pattern.compile("jdbc:duckdb:(?::memory:)?");

  /** An empty name is a file of the connection's own that is deleted with it. */
  private static final Pattern SQLITE =
      Pattern.compile(
          "jdbc:sqlite:(?:(?:file:)?:memory:)?(?:\\?.*)?|jdbc:sqlite:file:.*mode=memory.*");

  private static final String SHARED = "cache=shared";

  private PrivateDatabases() {}

  /** A sentence about it, or none. */
  static List<String> notes(String url) {
    String small = url.toLowerCase(Locale.ROOT);
    String named =
        H2.matcher(small).matches()
            ? "jdbc:h2:mem:NAME;DB_CLOSE_DELAY=-1"
            : DUCKDB.matcher(small).matches()
                ? "jdbc:duckdb::memory:NAME"
                : SQLITE.matcher(small).matches() && !small.contains(SHARED)
                    ? "jdbc:sqlite:file:NAME?mode=memory&" + SHARED
                    : null;
    return named == null
        ? List.of()
        : List.of(
            "url names no database, so that each connection has an empty one of its own, which is"
                + " gone when the pool replaces that connection (idle-timeout, max-lifetime,"
                + " max-queries): give it a name that all of them share, as in "
                + named);
  }
}
