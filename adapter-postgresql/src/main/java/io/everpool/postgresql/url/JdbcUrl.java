package io.everpool.postgresql.url;

import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.socket.KeepAlive;
import io.everpool.postgresql.socket.TlsTerms;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A URL as pgjdbc takes it: {@code jdbc:postgresql://host:port,host:port/db?name=value}, or {@code
 * jdbc:postgresql:db}. pgjdbc drops what it doesn't know without a word; this class makes it a
 * problem or a note.
 */
final class JdbcUrl {
  private static final String PREFIX = "jdbc:postgresql:";

  private JdbcUrl() {}

  static boolean accepts(String url) {
    return url.regionMatches(true, 0, PREFIX, 0, PREFIX.length());
  }

  static Destination parse(String url, List<String> problems) {
    String rest = url.substring(PREFIX.length());
    int question = rest.indexOf('?');
    String place = question < 0 ? rest : rest.substring(0, question);
    String query = question < 0 ? "" : rest.substring(question + 1);
    List<String> hosts = new ArrayList<>();
    List<String> ports = new ArrayList<>();
    Map<String, String> properties = new LinkedHashMap<>();
    if (UrlText.hasStrayAt(query)) {
      problems.add(UrlText.STRAY_AT); // the pieces before the stray @ mean nothing, so none is read
      return new Destination(
          List.of(), properties, KeepAlive.DEFAULT, TlsTerms.DEFAULT, new ArrayList<>());
    }

    String database = place;
    if (place.startsWith("//")) {
      int slash = place.indexOf('/', 2);
      String authority = slash < 0 ? place.substring(2) : place.substring(2, slash);
      database = slash < 0 ? "" : place.substring(slash + 1);
      if (place.indexOf('@') >= 0) {
        problems.add(
            "a JDBC URL has no user:password@ before its host; set user and password, or write a"
                + " libpq URL (postgresql://...); "
                + UrlText.ENCODE);
      } else if (!authority.isEmpty()) {
        HostPort.split(authority, hosts, ports, problems);
      }
    }
    if (database.indexOf('/') >= 0) {
      problems.add("the URL has more / than one before its database; / in its name is %2F");
    } else if (!database.isEmpty()) {
      String decoded = UrlText.database(database, true, problems);
      if (decoded != null) {
        properties.put(PropertyNames.PG_DBNAME, decoded);
      }
    }
    UrlText.parameters(query, true, problems)
        .forEach((name, value) -> properties.put(asProperty(name), value));
    service(properties, problems);
    if (hosts.isEmpty()) {
      split(properties, PropertyNames.PG_HOST, hosts);
    }
    if (ports.isEmpty()) {
      split(properties, PropertyNames.PG_PORT, ports);
    }
    properties.remove(PropertyNames.PG_HOST);
    properties.remove(PropertyNames.PG_PORT);
    return new Destination(
        HostPort.pair(unbracketed(hosts), ports, problems),
        properties,
        KeepAlive.DEFAULT,
        TlsTerms.DEFAULT,
        new ArrayList<>());
  }

  private static List<String> unbracketed(List<String> hosts) {
    return hosts.stream()
        .map(host -> host.matches("\\[.*:.*]") ? host.substring(1, host.length() - 1) : host)
        .toList();
  }

  private static void split(Map<String, String> properties, String property, List<String> into) {
    String value = properties.get(property);
    if (value != null) {
      into.addAll(List.of(value.split(",", -1)));
    }
  }

  /**
   * The property that a name stands for: pgjdbc accepts host, port and dbname for PGHOST, PGPORT
   * and PGDBNAME, in letters of any case.
   */
  private static String asProperty(String name) {
    String upper = "PG" + name.toUpperCase(Locale.ROOT);
    return upper.equals("PGHOST") || upper.equals("PGPORT") || upper.equals("PGDBNAME")
        ? upper
        : name;
  }

  /**
   * Reads the service file here and not in pgjdbc, so that its contents are checked with the same
   * care.
   */
  private static void service(Map<String, String> properties, List<String> problems) {
    String service = properties.remove(PropertyNames.SERVICE);
    if (service == null) {
      return;
    }
    ServiceFile.read(service, problems)
        .forEach((name, value) -> properties.putIfAbsent(asProperty(name), value));
  }
}
