package io.everpool.core.plain;

import io.everpool.api.Redaction;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What to say of a URL that nothing on the class path accepts. */
final class WrongUrl {
  private static final Pattern POSTGRESQL =
      Pattern.compile(
          "(?:jdbc:(?:(?:p6spy|otel):)*)?(?:postgres(?:ql)?|(pgsql))(?:\\+\\w+)?:.*",
          Pattern.DOTALL);
  private static final Pattern JDBC = Pattern.compile("jdbc:([a-z0-9-]{1,30}):.*", Pattern.DOTALL);
  private static final Pattern SCHEME = Pattern.compile("([a-z0-9+]{1,30})://.*", Pattern.DOTALL);

  /** The artifacts of the drivers that are used most, by what follows {@code jdbc:}. */
  private static final Map<String, String> DRIVERS =
      Map.ofEntries(
          Map.entry("mysql", "com.mysql:mysql-connector-j"),
          Map.entry("mariadb", "org.mariadb.jdbc:mariadb-java-client"),
          Map.entry("oracle", "com.oracle.database.jdbc:ojdbc11"),
          Map.entry("sqlserver", "com.microsoft.sqlserver:mssql-jdbc"),
          Map.entry("h2", "com.h2database:h2"),
          Map.entry("hsqldb", "org.hsqldb:hsqldb"),
          Map.entry("sqlite", "org.xerial:sqlite-jdbc"),
          Map.entry("derby", "org.apache.derby:derby"),
          Map.entry("duckdb", "org.duckdb:duckdb_jdbc"),
          Map.entry("clickhouse", "com.clickhouse:clickhouse-jdbc"),
          Map.entry("p6spy", "p6spy:p6spy"),
          Map.entry("otel", "io.opentelemetry.instrumentation:opentelemetry-jdbc"),
          Map.entry("aws-wrapper", "software.amazon.jdbc:aws-advanced-jdbc-wrapper"));

  private WrongUrl() {}

  /** Whether it is a URL of PostgreSQL, which is never served without its adapter. */
  static boolean needsAdapter(String url) {
    return POSTGRESQL.matcher(small(url)).matches();
  }

  /** A sentence that says what to add, or which form is right; shows no secret. */
  static String advice(String url) {
    String text = small(url);
    String what = "url is " + Redaction.url(url) + ", ";
    Matcher postgresql = POSTGRESQL.matcher(text);
    if (postgresql.matches() && postgresql.group(1) != null) { // the adapter accepts none of these
      return what
          + "another driver's form: PostgreSQL is opened by io.everpool:adapter-postgresql with pgjdbc,"
          + " whose URL begins with postgresql:// or jdbc:postgresql://";
    }
    if (postgresql.matches()) {
      return what
          + "a URL of PostgreSQL, for which its adapter is missing: put io.everpool:adapter-postgresql"
          + " (and with it org.postgresql:postgresql) on the class path";
    }
    Matcher jdbc = JDBC.matcher(text);
    if (jdbc.matches()) {
      String artifact = DRIVERS.get(jdbc.group(1));
      return what
          + "which no JDBC driver on the class path accepts: put the driver of "
          + jdbc.group(1)
          + " there"
          + (artifact == null ? "" : " (" + artifact + ")");
    }
    Matcher scheme = SCHEME.matcher(text);
    if (scheme.matches() && DRIVERS.containsKey(scheme.group(1))) {
      return what
          + "which is no JDBC URL: it begins with jdbc:"
          + scheme.group(1)
          + "://, and takes user and password as settings";
    }
    return what
        + "which neither an adapter nor a JDBC driver on the class path accepts: a URL begins with"
        + " postgresql:// or jdbc:postgresql:// (and then io.everpool:adapter-postgresql must be on"
        + " the class path), or with jdbc: and the name of another database whose driver is there";
  }

  /** The beginning of the URL, such as {@code jdbc:aws-wrapper:}; shows no secret. */
  static String scheme(String url) {
    Matcher jdbc = JDBC.matcher(small(url));
    return jdbc.matches() ? "jdbc:" + jdbc.group(1) + ":" : "that URL";
  }

  private static String small(String url) {
    return url.strip().toLowerCase(Locale.ROOT);
  }
}
