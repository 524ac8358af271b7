package io.everpool.spring;

import io.everpool.api.PoolConfig;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The URL of a pool that Spring Boot is given to log in there as another user. Spring Boot uses
 * nothing but the URL: what the pool's settings say beside it, above all of TLS, would not protect
 * that user's password.
 */
final class MigrationUrl {
  /** The driver's names of properties for TLS and for logging in, in lower case. */
  private static final List<String> LOGIN =
      List.of(
          "ssl",
          "gss",
          "channelbinding",
          "requireauth",
          "socketfactory",
          "authenticationplugin",
          "jaas",
          "kerberos",
          "sspi",
          "usespnego",
          "pemkey",
          "scram",
          "service");

  private MigrationUrl() {}

  /**
   * Returns the URL of a pool, in JDBC's form.
   *
   * @throws IllegalStateException if the URL doesn't contain all that such a login needs, or
   *     contains too much
   */
  static String of(String pool, PoolConfig config) {
    String reason = reasonAgainst(config);
    if (reason != null) {
      throw new IllegalStateException(
          "The pool "
              + pool
              + " "
              + reason
              + ": set spring.flyway.url or spring.liquibase.url beside that user");
    }
    return config.url().strip();
  }

  private static @Nullable String reasonAgainst(PoolConfig config) {
    String url = config.url().strip();
    if (!url.startsWith("jdbc:")) {
      // A translated URL would lack what the original says of TLS: that is in the driver's
      // properties.
      return "has a URL that isn't JDBC's, and Spring Boot wants one that is, to log in with another"
          + " user";
    }
    Set<String> inUrl = parameters(url);
    if (inUrl.contains("user") || inUrl.contains("password")) {
      return "has a user or a password in its URL, with which the driver would log in instead of"
          + " the other user that Spring Boot is told of";
    }
    Set<String> beside = new TreeSet<>(config.properties().keySet());
    beside.removeIf(each -> !isOfLogin(each) || inUrl.contains(lower(each)));
    if (!beside.isEmpty()) {
      return "says "
          + String.join(", ", beside)
          + " beside its URL, without which Spring Boot would log in with another user";
    }
    return null;
  }

  private static boolean isOfLogin(String property) {
    return LOGIN.stream().anyMatch(lower(property)::startsWith);
  }

  /** The names of the parameters. What is in the URL overrules what is set beside it. */
  private static Set<String> parameters(String url) {
    Set<String> names = new TreeSet<>();
    int query = url.indexOf('?');
    if (query >= 0) {
      for (String each : url.substring(query + 1).split("&", -1)) {
        names.add(lower(each.split("=", 2)[0]));
      }
    }
    return names;
  }

  private static String lower(String name) {
    return name.toLowerCase(Locale.ROOT);
  }
}
