package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The forms in which people have the address of a database, and what becomes of each: it works as
 * its own client would have it, or is refused in a sentence that names the right form. {@code
 * docs/urls.md} has the same table.
 *
 * @param from whose form it is
 * @param url an example; SECRET is (a part of) the password
 * @param target where it leads to, or null if it is refused
 * @param refusal a part of the sentence, or null if it works
 */
record UrlForms(String from, String url, @Nullable String target, @Nullable String refusal) {

  private static final String ENCODE = "in a user name or password @ is written %40";
  private static final String RIGHT = "write postgresql://user:password@host:port/database";

  static final List<UrlForms> TABLE =
      List.of(
          // libpq's URI
          works(
              "libpq, psql, DigitalOcean, Aiven",
              "postgresql://app:SECRET@db.example.com:5432/shop?sslmode=require",
              "db.example.com:5432/shop"),
          works(
              "Heroku, Fly.io",
              "postgres://app:SECRET@db.example.com/shop",
              "db.example.com:5432/shop"),
          works(
              "libpq, several hosts",
              "postgresql://app:SECRET@a.example.com:1,b.example.com/shop?target_session_attrs=primary",
              "a.example.com:1,b.example.com:5432/shop"),
          works(
              "libpq, IPv6",
              "postgresql://app:SECRET@[2001:db8::1]:6432/shop",
              "[2001:db8::1]:6432/shop"),
          works(
              "libpq, percent-encoded",
              "postgresql://app:SECRET%40%2F%3F%23@db.example.com/shop",
              "db.example.com:5432/shop"),
          works(
              "libpq, ? and # in the password",
              "postgresql://app:SECRET?#x@db.example.com/shop",
              "db.example.com:5432/shop"),
          works(
              "libpq, all in parameters",
              "postgresql:///shop?host=db.example.com&port=6432&user=app&password=SECRET",
              "db.example.com:6432/shop"),
          refused(
              "libpq, Unix-domain socket",
              "postgresql://app:SECRET@%2Fvar%2Frun%2Fpostgresql/shop",
              "pgjdbc speaks TCP only"),
          refused(
              "libpq, @ in the password", "postgresql://app:SE@CRET@db.example.com/shop", ENCODE),
          refused(
              "libpq, / in the password", "postgresql://app:SE/CRET@db.example.com/shop", ENCODE),
          refused(
              "libpq, / and ? in the password",
              "postgresql://app:SE/CR?ET@db.example.com/shop",
              ENCODE),
          refused(
              "libpq, & in a password",
              "postgresql://db.example.com/shop?user=app&password=SEC&RET=x",
              "& in a password is %26"),
          refused(
              "libpq, the password's wrong name",
              "postgresql://db.example.com/shop?user=app&pwd=SECRET",
              "libpq has no parameter pwd"),
          refused(
              "libpq, the password's wrong name",
              "postgresql://db.example.com/shop?user=app&passwd=SECRET",
              "did you mean password?"),
          refused(
              "libpq, OAuth",
              "postgresql://db.example.com/shop?user=app&oauth_client_secret=SECRET",
              "oauth_client_secret can't be honoured"),
          refused(
              "a % that is none",
              "postgresql://app:SECRET%zz@db.example.com/shop", "% itself is %25"),
          refused(
              "semicolons",
              "postgresql://db.example.com/shop?user=app;password=SECRET",
              "separated by &"),
          refused(
              "semicolons",
              "postgresql://db.example.com/shop;user=app;password=SECRET",
              "separated by &"),
          refused(
              "parameters percent-encoded",
              "postgresql://db.example.com/shop%3Fuser%3Dapp%26password%3DSECRET",
              "the database's name has"),
          refused(
              "a URL within",
              "postgresql://db.example.com/?user=app&dbname=postgresql%3A%2F%2Fapp%3ASECRET%40h%2Fshop",
              "separated by &"),
          refused(
              "a login within",
              "postgresql://db.example.com/app%3ASECRET%40db.example.com%2Fshop",
              "the database's name has"),
          refused(
              "commas",
              "postgresql://db.example.com/shop?user=app,password=SECRET",
              "separated by &"),
          refused("one slash", "postgresql:/app:SECRET@db.example.com/shop", "two slashes"),
          refused("no slash", "postgres:app:SECRET@db.example.com/shop", "two slashes"),
          // libpq's connection string
          works(
              "libpq, psycopg, pgx: keywords",
              "host=db.example.com port=6432 dbname=shop user=app password=SECRET sslmode=require",
              "db.example.com:6432/shop"),
          works(
              "keywords, quoted",
              "host = db.example.com dbname = shop user = app password = 'SECRET \\'x= y'",
              "db.example.com:5432/shop"),
          works(
              "keywords, quoted, with a ;",
              "host=db.example.com dbname=shop user=app password='SECRET;x=y'",
              "db.example.com:5432/shop"),
          refused(
              "keywords, not quoted",
              "host=db.example.com dbname=shop user=app password=SEC RET",
              "stands in single quotes"),
          refused(
              "keywords, not quoted",
              "host=db.example.com user=app password=SEC RET=x",
              "stands in quotes"),
          refused(
              "keywords, the password's wrong name",
              "host=db.example.com user=app pwd=SECRET",
              "libpq has no parameter pwd"),
          refused(
              "keywords, no closing quote",
              "host=db.example.com user=app password='SECRET",
              "no closing quote"),
          refused(
              "keywords, commas", "dbname=shop,user=app,password=SECRET", "separated by blanks"),
          refused(
              "keywords, commas behind the password",
              "password=SECRET,host=db.example.com,dbname=shop,user=app",
              "separated by blanks"),
          refused(
              "keywords, &",
              "dbname=shop&host=db.example.com&user=app&password=SECRET",
              "separated by blanks"),
          refused(
              "keywords, a URL for the database",
              "host=db.example.com dbname=postgresql://app:SECRET@db.example.com/shop",
              "separated by blanks"),
          refused(
              "keywords, a URL in quotes",
              "host=db.example.com dbname='postgresql://app:SECRET@db.example.com/shop'",
              "the database's name has"),
          refused(
              "keywords, all in the database's quotes",
              "dbname='shop host=db.example.com user=app password=SECRET'",
              "the database's name has"),
          refused(
              "keywords, semicolons",
              "service=shop;host=db.example.com;user=app;password=SECRET",
              "separated by blanks"),
          refused(
              "a service that isn't there",
              "service='shop;password=SECRET'",
              "is in no service file"),
          refused(
              "Cloud SQL's socket",
              "host=/cloudsql/p:r:i dbname=shop user=app password=SECRET",
              "pgjdbc speaks TCP only"),
          // Npgsql's connection string
          works(
              "Npgsql",
              "Host=db.example.com;Port=6432;Database=shop;Username=app;Password=SECRET;SSL Mode=Require",
              "db.example.com:6432/shop"),
          works(
              "Azure, ADO.NET",
              "Server=db.example.com;Database=shop;Port=5432;User Id=app;Password=SECRET;Ssl Mode=Require;",
              "db.example.com:5432/shop"),
          works(
              "Npgsql, quoted",
              "Host=db.example.com;Database=shop;Username=app;Password=\"SECRET;x\"",
              "db.example.com:5432/shop"),
          works(
              "Npgsql, ports behind the hosts",
              "Host=a.example.com:6432, b.example.com;Port=6433;Database=shop;Username=app;Password=SECRET",
              "a.example.com:6432,b.example.com:6433/shop"),
          works(
              "Npgsql, IPv6",
              "Host=[2001:db8::1]:6432;Database=shop;Username=app;Password=SECRET",
              "[2001:db8::1]:6432/shop"),
          refused(
              "SQL Server's manner",
              "Server=tcp:db.example.com,5432;Database=shop;User Id=app;Password=SECRET",
              "the port of host number 1"),
          works(
              "Npgsql with libpq's names",
              "dbname=shop;host=db.example.com;user=app;password=SECRET",
              "db.example.com:5432/shop"),
          refused(
              "Npgsql, a ; missing",
              "Server=db.example.com;Database=shop Password=SECRET;User Id=app",
              "separated by ;"),
          refused(
              "Npgsql, a ; missing behind the password",
              "Server=db.example.com;Password=SECRET User Id=app;Database=shop",
              "separated by ;"),
          refused(
              "Npgsql, commas",
              "Server=db.example.com,Database=shop,User Id=app,Password=SECRET",
              "separated by ;"),
          refused(
              "Npgsql, a URL for the database",
              "Host=db.example.com;Database=postgresql://app:SECRET@db.example.com/shop",
              "separated by ;"),
          refused(
              "Npgsql, its pool",
              "Host=db.example.com;Username=app;Password=SECRET;Maximum Pool Size=9",
              "set max-size"),
          refused(
              "Npgsql, not quoted",
              "Host=db.example.com;Username=app;Password=SEC;RET=x",
              "stands in quotes"),
          // Copied along with something
          works(
              "Neon's copy button",
              "psql 'postgresql://app:SECRET@db.example.com/shop?sslmode=require&channel_binding=require'",
              "db.example.com:5432/shop"),
          works(
              "psql",
              "psql \"host=db.example.com dbname=shop user=app password=SECRET\"",
              "db.example.com:5432/shop"),
          works(
              ".env file",
              "DATABASE_URL=\"postgresql://app:SECRET@db.example.com/shop\"",
              "db.example.com:5432/shop"),
          works(
              "shell",
              "export NEON_DB_URL=postgresql://app:SECRET@db.example.com/shop",
              "db.example.com:5432/shop"),
          works(
              "in quotes",
              "'postgresql://app:SECRET@db.example.com/shop'",
              "db.example.com:5432/shop"),
          refused("psql with options", "psql -h db.example.com -U app shop", "a call of psql"),
          refused(
              "psql with a password",
              "PGPASSWORD=SECRET psql -h db.example.com -U app shop",
              "a call of psql"),
          refused(
              "Neon, password hidden",
              "postgresql://app:****************@db.example.com/shop",
              "put the password there"),
          refused(
              "Supabase, not filled in",
              "postgresql://postgres:[YOUR-PASSWORD]@db.example.com:5432/postgres",
              "put the password there"),
          refused(
              "Azure, not filled in",
              "host=db.example.com user=app password={your_password}",
              "put the password there"),
          works(
              "Supabase's pooler",
              "postgresql://postgres.abcdefgh:SECRET@db.example.com:6543/postgres",
              "db.example.com:6543/postgres"),
          // Other clients
          works(
              "SQLAlchemy",
              "postgresql+psycopg2://app:SECRET@db.example.com/shop",
              "db.example.com:5432/shop"),
          works(
              "SQLAlchemy, asyncpg",
              "postgresql+asyncpg://app:SECRET@db.example.com/shop",
              "db.example.com:5432/shop"),
          refused(
              "Prisma",
              "postgresql://app:SECRET@db.example.com/shop?schema=public",
              "set properties.currentSchema"),
          refused(
              "Prisma",
              "postgresql://app:SECRET@db.example.com/shop?connection_limit=5",
              "set max-size"),
          refused(
              "pgx", "postgres://app:SECRET@db.example.com/shop?pool_max_conns=9", "set max-size"),
          refused(
              "node-postgres",
              "postgres://app:SECRET@db.example.com/shop?sslmode=no-verify",
              "it must be disable, allow"),
          refused("Rails", "postgres://app:SECRET@db.example.com/shop?pool=5", "set max-size"),
          refused("R2DBC", "r2dbc:postgresql://app:SECRET@db.example.com/shop", RIGHT),
          refused("GeoDjango", "postgis://app:SECRET@db.example.com/shop", RIGHT),
          refused("with TLS", "postgress://app:SECRET@db.example.com/shop", RIGHT),
          refused("with TLS", "postgresqls://app:SECRET@db.example.com/shop", RIGHT),
          // JDBC
          works(
              "JDBC, Azure, RDS",
              "jdbc:postgresql://db.example.com:6432/shop?user=app&password=SECRET&sslmode=require",
              "db.example.com:6432/shop"),
          works(
              "JDBC, short",
              "jdbc:postgresql:shop?user=app&password=SECRET",
              "localhost:5432/shop"),
          works(
              "JDBC, several hosts",
              "jdbc:postgresql://a.example.com:1,b.example.com/shop?user=app&password=SECRET&targetServerType=primary",
              "a.example.com:1,b.example.com:5432/shop"),
          works(
              "JDBC, IPv6",
              "jdbc:postgresql://[2001:db8::1]:6432/shop?user=app&password=SECRET",
              "[2001:db8::1]:6432/shop"),
          refused(
              "JDBC, IPv6 without brackets",
              "jdbc:postgresql://2001:db8::1/shop?user=app&password=SECRET",
              "put an IPv6 address in brackets"),
          works(
              "Cloud SQL's socket factory",
              "jdbc:postgresql:///shop?cloudSqlInstance=p:r:i&socketFactory=com.google.cloud.sql.postgres.SocketFactory&user=app&password=SECRET",
              "localhost:5432/shop"),
          works(
              "Cloud SQL's, for a service account",
              "jdbc:postgresql://google/shop?cloudSqlInstance=p:r:i&socketFactory=com.google.cloud.sql.postgres.SocketFactory&enableIamAuth=true&cloudSqlTargetPrincipal=app@p.iam.gserviceaccount.com&user=app&password=SECRET",
              "google:5432/shop"),
          refused(
              "JDBC, user before the host",
              "jdbc:postgresql://app:SECRET@db.example.com/shop",
              "set user and password"),
          refused(
              "JDBC, ? in the password",
              "jdbc:postgresql://app:SEC?RET@db.example.com/shop",
              ENCODE),
          refused(
              "JDBC, ? and = in the password",
              "jdbc:postgresql://app:SEC?RET=x@db.example.com/shop",
              ENCODE),
          refused(
              "JDBC, Oracle's manner",
              "jdbc:postgresql:shop:SECRET@db.example.com",
              "percent-encoded"),
          refused(
              "JDBC, SQL Server's manner",
              "jdbc:postgresql://db.example.com/shop;user=app;password=SECRET",
              "separated by &"),
          refused(
              "JDBC, semicolons",
              "jdbc:postgresql://db.example.com/shop?user=app;password=SECRET",
              "separated by &"),
          refused(
              "JDBC, commas",
              "jdbc:postgresql://db.example.com/shop?user=app,password=SECRET",
              "separated by &"),
          refused(
              "JDBC, parameters percent-encoded",
              "jdbc:postgresql://db.example.com/shop%3Fuser%3Dapp%26password%3DSECRET",
              "the database's name has"),
          refused(
              "JDBC, a URL within",
              "jdbc:postgresql:?user=app&PGDBNAME=postgresql%3A%2F%2Fapp%3ASECRET%40h%2Fshop",
              "separated by &"),
          refused(
              "JDBC, & in the password",
              "jdbc:postgresql://db.example.com/shop?user=app&password=SEC&RET=x",
              "& in a password is %26"),
          refused(
              "JDBC, the password's wrong name",
              "jdbc:postgresql://db.example.com/shop?user=app&passwd=SECRET",
              "did you mean password?"),
          refused(
              "JDBC, one slash",
              "jdbc:postgresql:/app:SECRET@db.example.com/shop",
              "more / than one"),
          refused(
              "JDBC, the wrong name",
              "jdbc:postgres://db.example.com/shop?user=app&password=SECRET",
              "must with jdbc:postgresql:"));

  private static UrlForms works(String from, String url, String target) {
    return new UrlForms(from, url, target, null);
  }

  private static UrlForms refused(String from, String url, String refusal) {
    return new UrlForms(from, url, null, refusal);
  }

  /** As a row of the page. */
  String row() {
    String outcome = refusal == null ? "works: `" + target + "`" : "refused: *" + refusal + "*";
    return "| "
        + from
        + " | `"
        + url.replace("|", "\\|")
        + "` | "
        + outcome.replace("|", "\\|")
        + " |";
  }

  @Override
  public String toString() {
    return from + ": " + url;
  }

  /** What an adapter refuses of a configuration. */
  static List<String> problems(PostgresAdapter adapter, PoolConfig config) {
    InvalidPoolConfigException refusal =
        catchThrowableOfType(InvalidPoolConfigException.class, () -> adapter.connector(config));
    assertThat(refusal).as("refusal of " + config).isNotNull();
    return refusal.problems();
  }
}
