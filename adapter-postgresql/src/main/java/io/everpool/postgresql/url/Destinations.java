package io.everpool.postgresql.url;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.driver.WrappingDriver;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Reads where to connect to and how, in whatever form it is written.
 *
 * <p>If a property stands both in the URL and in {@link PoolConfig#properties()}, the URL's value
 * counts, as with pgjdbc; {@link PoolConfig#user()} and {@link PoolConfig#password()} count before
 * both.
 */
public final class Destinations {

  private final UnaryOperator<@Nullable String> environment;

  /**
   * @param environment gives the value of an environment variable; null if it isn't set
   */
  public Destinations(UnaryOperator<@Nullable String> environment) {
    this.environment = environment;
  }

  /**
   * Whether a text is a URL of PostgreSQL. A text that only looks like one is accepted, too, so
   * that its refusal can name the right form.
   */
  public static boolean accepts(String url) {
    String within = within(url);
    return JdbcUrl.accepts(within)
        || LibpqUrl.accepts(within)
        || ConnInfo.accepts(within)
        || ForeignUrl.advice(within) != null;
  }

  /** The drivers around pgjdbc that a URL names, the outermost first; empty if there are none. */
  public static List<WrappingDriver> around(String url) {
    return WrappedUrl.of(PastedUrl.unwrapped(url)).drivers();
  }

  private static String within(String url) {
    return WrappedUrl.of(PastedUrl.unwrapped(url)).within();
  }

  /**
   * Returns where to connect to, and how; with secrets.
   *
   * @param pooler the kind of pooler in between, as far as it is known; {@link PoolerMode#AUTO}
   *     while it is not
   */
  public Destination of(PoolConfig config, PoolerMode pooler) {
    List<String> problems = new ArrayList<>();
    Destination said = said(within(config.url()), config, problems);
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
    } else if (isPasswordElsewhere(config)) {
      // the password that stands in the URL doesn't count
      properties.remove(PropertyNames.PASSWORD);
    }
    LibpqUrl.checkPassword(properties.get(PropertyNames.PASSWORD), problems);
    RunOn.check(properties, problems);
    OverruledOptions.check(properties.get(PropertyNames.OPTIONS), problems);
    List<String> notes = new ArrayList<>(said.notes());
    DriverProperties.check(properties, said.properties().keySet(), problems, notes);
    if (!problems.isEmpty()) {
      throw new InvalidPoolConfigException(problems);
    }
    SessionDefaults.add(properties, config, pooler, notes);
    return new Destination(
        said.hosts(), properties, said.keepAlive(), said.tls(), List.copyOf(notes));
  }

  /**
   * The properties that the URL says; where it says nothing, those that the environment says. With
   * secrets.
   *
   * @param config a configuration that {@link #of} accepts
   */
  public Map<String, String> inUrl(PoolConfig config) {
    return said(within(config.url()), config, new ArrayList<>()).properties();
  }

  /** Whether a password is read anew for each connection. */
  private static boolean isPasswordElsewhere(PoolConfig config) {
    return config.passwordFile() != null || config.passwordEnv() != null;
  }

  private Destination said(String url, PoolConfig config, List<String> problems) {
    if (JdbcUrl.accepts(url)) {
      return JdbcUrl.parse(url, problems);
    }
    boolean uri = LibpqUrl.accepts(url);
    if (!uri && !ConnInfo.accepts(url)) {
      String advice = ForeignUrl.advice(url);
      throw new InvalidPoolConfigException(
          List.of(advice == null ? "the URL is none of PostgreSQL's" : advice));
    }
    Set<String> settled = new HashSet<>(config.properties().keySet());
    if (config.user() != null) {
      settled.add(PropertyNames.USER);
    }
    if (config.password() != null || isPasswordElsewhere(config)) {
      settled.add(PropertyNames.PASSWORD);
    }
    LibpqUrl parsed = uri ? LibpqUrl.parse(url, problems) : ConnInfo.parse(url, problems);
    if (problems.stream().anyMatch(problem -> !uri || problem.contains(UrlText.ENCODE))) {
      // The text was broken into the wrong pieces, of which none may be shown.
      throw new InvalidPoolConfigException(problems);
    }
    return LibpqTranslation.of(parsed, LibpqEnvironment.parameters(environment), settled, problems);
  }
}
