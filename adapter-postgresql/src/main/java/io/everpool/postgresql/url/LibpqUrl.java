package io.everpool.postgresql.url;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A URL as libpq accepts it: {@code postgresql://user:password@host:port,host:port/db?name=value}.
 *
 * <p>It is read by the rules of libpq's manual ("Connection URIs"), except that a value may contain
 * an equals sign. A problem is described by the place of the error, never by the text there, which
 * may be a piece of a password that wasn't encoded.
 *
 * @param hosts the hosts, decoded, and without the brackets of IPv6; an empty one stands for the
 *     default
 * @param ports the ports, one for each host; an empty one stands for the default
 * @param parameters the parameters by libpq's names, including {@code user}, {@code password} and
 *     {@code dbname}
 */
record LibpqUrl(List<String> hosts, List<String> ports, Map<String, String> parameters) {
  /**
   * {@code postgres://} or {@code postgresql://}, and the same with the name of a driver for
   * Python, as SQLAlchemy has it: {@code postgresql+psycopg2://}.
   */
  private static final Pattern SCHEME =
      Pattern.compile(
          "postgres(?:ql)?(?:\\+(?:psycopg2?(?:_async|cffi)?|asyncpg|pg8000))?://.*",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  /**
   * What consoles put where the password belongs: {@code *****}, {@code [YOUR-PASSWORD]}, {@code
   * <password>}, {@code {password}}, {@code npg_****}.
   */
  private static final Pattern PLACEHOLDER =
      Pattern.compile(
          "\\*{3,}|\\[[A-Za-z _-]*PASSWORD[A-Za-z _-]*]|<[A-Za-z _-]*password[A-Za-z _-]*>"
              + "|\\{[A-Za-z _-]*password[A-Za-z _-]*}|npg_\\*+",
          Pattern.CASE_INSENSITIVE);

  static boolean accepts(String url) {
    return SCHEME.matcher(url).matches();
  }

  /** Adds a problem if the password was never filled in. */
  static void checkPassword(@Nullable String password, List<String> problems) {
    if (password != null && PLACEHOLDER.matcher(password).matches()) {
      problems.add(
          "where the password belongs stands what a console shows instead of it: put the password"
              + " there, or set password");
    }
  }

  static LibpqUrl parse(String url, List<String> problems) {
    String rest = url.substring(url.indexOf("//") + 2);
    Map<String, String> parameters = new LinkedHashMap<>();
    List<String> hosts = new ArrayList<>();
    List<String> ports = new ArrayList<>();

    int at = rest.indexOf('@');
    int slash = rest.indexOf('/');
    if (at >= 0 && (slash < 0 || at < slash)) {
      userInfo(rest.substring(0, at), parameters, problems);
      rest = rest.substring(at + 1);
    }
    int question = rest.indexOf('?');
    String query = question < 0 ? "" : rest.substring(question + 1);
    String place = question < 0 ? rest : rest.substring(0, question);
    slash = place.indexOf('/');
    String authority = slash < 0 ? place : place.substring(0, slash);
    if (authority.indexOf('@') >= 0) {
      problems.add("the URL has several @ before its host: " + UrlText.ENCODE);
    } else if (parameters.isEmpty() && place.indexOf('@') >= 0) {
      problems.add("the URL has an @ behind its first /: " + UrlText.ENCODE);
    } else {
      hosts(authority, hosts, ports, problems);
      if (slash >= 0 && slash + 1 < place.length()) {
        String database = place.substring(slash + 1);
        String decoded = UrlText.database(database, false, problems);
        if (decoded != null) {
          parameters.put("dbname", decoded);
        }
      }
    }
    // The parameters come first, then user and password. LibpqTranslation doesn't show an unknown
    // name that follows a password, because the name may be the rest of that password; behind
    // user:password@ it can't be.
    Map<String, String> all = UrlText.parameters(query, false, problems);
    parameters.forEach(all::putIfAbsent);
    return new LibpqUrl(hosts, ports, all);
  }

  private static void userInfo(String text, Map<String, String> parameters, List<String> problems) {
    int colon = text.indexOf(':');
    String user = colon < 0 ? text : text.substring(0, colon);
    if (!user.isEmpty()) {
      parameters.put("user", UrlText.decoded(user, false, "user name", problems));
    }
    if (colon >= 0) {
      String password = text.substring(colon + 1);
      // for libpq an empty password is none: PGPASSWORD and the password file count
      if (!password.isEmpty()) {
        parameters.put("password", UrlText.decoded(password, false, "password", problems));
      }
    }
  }

  private static void hosts(
      String authority, List<String> hosts, List<String> ports, List<String> problems) {
    if (authority.isEmpty()) {
      return;
    }
    HostPort.split(authority, hosts, ports, problems);
    for (int i = 0; i < hosts.size(); i++) {
      String which = "host number " + (i + 1);
      hosts.set(i, UrlText.decoded(hosts.get(i), false, which, problems));
      ports.set(i, UrlText.decoded(ports.get(i), false, "port of " + which, problems));
    }
  }
}
