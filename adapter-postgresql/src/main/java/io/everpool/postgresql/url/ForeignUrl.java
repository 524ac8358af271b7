package io.everpool.postgresql.url;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * URLs that mean PostgreSQL and that neither libpq nor pgjdbc has: refused in a sentence that names
 * the right form, where a pool without this adapter would have to say that it knows nothing.
 */
final class ForeignUrl {

  /** A form, and what to say of it. */
  private record Form(Pattern pattern, String advice) {}

  private static final String RIGHT =
      "write postgresql://user:password@host:port/database?name=value, or"
          + " jdbc:postgresql://host:port/database with user and password beside it";

  private static final List<Form> FORMS =
      List.of(
          form(
              "jdbc:postgres:.*",
              "the URL begins with jdbc:postgres: and must with" + " jdbc:postgresql:"),
          form(
              "(?:postgis|pgsql|pg|ecto|postgresql?s)://.*",
              "the URL's scheme is one framework's" + " own; " + RIGHT),
          form(
              "r2dbc:(?:pool:)?postgres(?:ql)?:.*",
              "the URL is one of R2DBC, whose parameters are" + " its own; " + RIGHT),
          form("psql\\b.*", "the URL is a call of psql with options; " + RIGHT),
          form("pgpassword=.*", "the URL is a call of psql with a password before it; " + RIGHT),
          form("jdbc:(?:jdbc:)+postgresql:.*", "the URL has jdbc: twice; " + RIGHT),
          form("jdbc:postgresql\\+.*", "the URL mixes SQLAlchemy's form with JDBC's; " + RIGHT),
          form(
              "postgres(?:ql)?(?:\\+\\w+)?:(?!//).*",
              "after the scheme of the URL come two slashes; " + RIGHT));

  private ForeignUrl() {}

  private static Form form(String pattern, String advice) {
    return new Form(Pattern.compile(pattern, Pattern.DOTALL), advice);
  }

  /** What to say of it, or null if it is none of these. */
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
