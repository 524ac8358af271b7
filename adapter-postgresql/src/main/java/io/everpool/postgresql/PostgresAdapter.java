package io.everpool.postgresql;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.DriverAdapter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * PostgreSQL and what speaks its protocol (Neon, PgBouncer), by libpq URLs ({@code
 * postgresql://...}, {@code postgres://...}) and JDBC URLs ({@code jdbc:postgresql:...}).
 *
 * <p>For servers from PostgreSQL 12 on. On older ones a reset of settings also undoes the {@code
 * extra_float_digits} that pgjdbc sets after the login there.
 *
 * <p>Of a property that stands both in the URL and in {@link PoolConfig#properties()} the URL's
 * value counts, as with pgjdbc; {@link PoolConfig#user()} and {@link PoolConfig#password()} count
 * before both.
 */
public final class PostgresAdapter implements DriverAdapter {

  /** Made by {@link java.util.ServiceLoader}. */
  public PostgresAdapter() {}

  @Override
  public boolean accepts(String url) {
    String stripped = url.strip();
    return JdbcUrl.accepts(stripped) || LibpqUrl.accepts(stripped);
  }

  @Override
  public Connector connector(PoolConfig config) {
    String url = config.url().strip();
    List<String> problems = new ArrayList<>();
    Destination said =
        LibpqUrl.accepts(url)
            ? LibpqTranslation.of(LibpqUrl.parse(url, problems), problems)
            : JdbcUrl.parse(url, problems);
    Map<String, String> properties = new LinkedHashMap<>(said.properties());
    for (String place :
        List.of(PropertyNames.PG_HOST, PropertyNames.PG_PORT, PropertyNames.SERVICE)) {
      if (config.properties().containsKey(place)) {
        problems.add("property " + place + " counts only in the URL: write it there");
      }
    }
    config.properties().forEach(properties::putIfAbsent);
    if (config.user() != null) {
      properties.put(PropertyNames.USER, config.user());
    }
    if (config.password() != null) {
      properties.put(PropertyNames.PASSWORD, config.password());
    }
    List<String> notes = new ArrayList<>(said.notes());
    DriverProperties.check(properties, said.properties().keySet(), problems, notes);
    if (!problems.isEmpty()) {
      throw new InvalidPoolConfigException(problems);
    }
    SessionDefaults.add(properties, config, said.neonPooler(), notes);
    return new PostgresConnector(
        new Destination(said.hosts(), properties, said.keepAlive(), List.copyOf(notes)));
  }
}
