package io.everpool.postgresql.url;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * URLs that mean PostgreSQL but that neither libpq nor pgjdbc accepts. The adapter accepts them
 * only to refuse them in a sentence that names the right form; otherwise the pool could say no more
 * than that no adapter knows the URL.
 */
final class ForeignUrl {

  /**
   * A form of URL, and what to say of it.
   *
   * @param pattern matches the whole URL in small letters
   */
  private record Form(Pattern pattern, String advice) {}

  private static final String RIGHT =
      "write postgresql://user:password@host:port/database?name=value, or"
          + " jdbc:postgresql://host:port/database with user and password beside it";

  private static final List<Form> FORMS =
      List.of(
          // jdbc:postgres://db/app
          form(
              "jdbc:postgres:.*",
              "the URL begins with jdbc:postgres: and must with jdbc:postgresql:"),
          // pgsql://db/app
          form(
              "(?:postgis|pgsql|pg|ecto|postgres(?:ql)?s)://.*",
              "the URL's scheme is one framework's own; " + RIGHT),
          // r2dbc:pool:postgresql://db/app
          form(
              "r2dbc:(?:pool:)?postgres(?:ql)?:.*",
              "the URL is one of R2DBC, whose parameters are its own; " + RIGHT),
          // psql -h db app
          form("psql\\b.*", "the URL is a call of psql with options; " + RIGHT),
          // PGPASSWORD=secret psql -h db app
          form("pgpassword=.*", "the URL is a call of psql with a password before it; " + RIGHT),
          // jdbc:jdbc:postgresql://db/app
          form("jdbc:(?:jdbc:)+postgresql:.*", "the URL has jdbc: twice; " + RIGHT),
          // jdbc:postgresql+psycopg2://db/app
          form("jdbc:postgresql\\+.*", "the URL mixes SQLAlchemy's form with JDBC's; " + RIGHT),
          // postgresql:db/app, postgresql:/db/app
          form(
              "postgres(?:ql)?(?:\\+\\w+)?:(?!//).*",
              "after the scheme of the URL come two slashes; " + RIGHT));

  private ForeignUrl() {}

  private static Form form(String pattern, String advice) {
    return new Form(Pattern.compile(pattern, Pattern.DOTALL), advice);
  }

  /** What to say of a URL, or null if it is of none of these forms. */
  static @Nullable String advice(String url) {
    String small = url.toLowerCase(Locale.ROOT);
    for (Form form : FORMS) {
      if (form.pattern.matcher(small).matches()) {
        return form.advice;
      }
    }
    return null;
  }
}
