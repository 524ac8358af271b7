package io.everpool.postgresql.url;

import io.everpool.postgresql.driver.PresentDriver;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.socket.KeepAlive;
import io.everpool.postgresql.url.LibpqParameter.Fate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Says in pgjdbc's terms what a libpq URL says in libpq's; {@link LibpqParameter} has the table.
 */
final class LibpqTranslation {
  /** The modes in which a connection without TLS may come about. */
  private static final Set<String> LAXER_MODES = Set.of("disable", "allow", "prefer");

  private static final Pattern WHOLE = Pattern.compile("\\+?\\d+");

  private final Map<String, String> properties = new LinkedHashMap<>();
  private final List<String> notes = new ArrayList<>();
  private final List<String> problems;
  private final Map<String, String> given;
  private final TlsParameters tls;
  private KeepAlive keepAlive = KeepAlive.DEFAULT;

  private LibpqTranslation(Map<String, String> given, List<String> problems) {
    this.given = given;
    this.problems = problems;
    this.tls = new TlsParameters(problems);
  }

  /** Translates a URL; what can't be translated without loss goes into {@code problems}. */
  static Destination of(LibpqUrl url, List<String> problems) {
    return of(url, Map.of(), Set.of(), problems);
  }

  /**
   * Translates a URL; where the URL and a service file say nothing, the environment counts.
   *
   * @param environment the environment's parameters, by libpq's names
   * @param settled pgjdbc's properties that are set elsewhere and count before the environment
   */
  static Destination of(
      LibpqUrl url, Map<String, String> environment, Set<String> settled, List<String> problems) {
    Map<String, String> given = new LinkedHashMap<>(url.parameters());
    requireForTrue(given);
    // A host without a name counts as none, as with libpq, but its port counts.
    List<String> hosts = url.hosts().equals(List.of("")) ? List.of() : url.hosts();
    List<String> ports = url.ports().stream().allMatch(String::isEmpty) ? List.of() : url.ports();
    if (environment.containsKey("service")) {
      given.putIfAbsent("service", environment.get("service"));
    }
    service(given, hosts, ports, problems);
    if (hosts.isEmpty() && environment.containsKey("host")) {
      given.putIfAbsent("host", environment.get("host"));
    }
    if (ports.isEmpty() && environment.containsKey("port")) {
      given.putIfAbsent("port", environment.get("port"));
    }
    if (given.containsKey("host")) {
      hosts = list(given.get("host"));
    }
    if (given.containsKey("port")) {
      ports = list(given.get("port"));
    }
    LibpqTranslation translation = new LibpqTranslation(given, problems);
    translation.translateAll();
    translation.translateMissing(environment, settled);
    // For libpq an empty password is none: it then looks into the password file, but into no
    // variable.
    translation.properties.remove(PropertyNames.PASSWORD, "");
    TlsParameters.systemRoots(translation.properties, problems);
    TlsParameters.verifyAsLibpqDoes(translation.properties, translation.notes);
    return new Destination(
        HostPort.pair(hosts, ports, problems),
        translation.properties,
        translation.keepAlive,
        translation.tls.terms(),
        translation.notes);
  }

  /**
   * Reads ssl=true as sslmode=require, as libpq does, so that no service file and no PGSSLMODE
   * takes the TLS away again. If sslmode is given, too, libpq goes by which of the two comes last;
   * here a mode that demands more than require stays in any case.
   */
  private static void requireForTrue(Map<String, String> given) {
    if (!"true".equals(given.get("ssl"))) {
      return;
    }
    List<String> names = List.copyOf(given.keySet());
    String mode = given.get("sslmode");
    if (mode == null
        || (LAXER_MODES.contains(mode) && names.indexOf("sslmode") < names.indexOf("ssl"))) {
      given.put("sslmode", "require");
    }
    given.remove("ssl");
  }

  /**
   * Adds what the service file says. It counts where the URL says nothing; this is decided for
   * hosts and for ports separately.
   */
  private static void service(
      Map<String, String> given, List<String> hosts, List<String> ports, List<String> problems) {
    String service = given.get("service");
    if (service == null) {
      return;
    }
    Map<String, String> said = new LinkedHashMap<>(ServiceFile.read(service, problems));
    requireForTrue(said);
    if (!hosts.isEmpty()) {
      said.remove("host");
    }
    if (!ports.isEmpty()) {
      said.remove("port");
    }
    said.forEach(given::putIfAbsent);
  }

  private void translateAll() {
    boolean passwordBefore = false;
    boolean secretBefore = false;
    for (Map.Entry<String, String> entry : given.entrySet()) {
      String name = entry.getKey();
      LibpqParameter parameter = LibpqParameter.BY_NAME.get(name);
      if (parameter != null) {
        translate(parameter, entry.getValue());
      } else if (passwordBefore) {
        // The name may be the rest of a password that contains an ampersand.
        problems.add(
            "the parameter after the password isn't one of libpq's; & in a password is %26 in a URL,"
                + " and a password with blanks stands in quotes in a connection string");
      } else if (secretBefore && !KNOWN.contains(name)) {
        problems.add(
            "a parameter isn't one of libpq's, and isn't shown, for what stands before it may be a"
                + " secret of which it is the rest; & in a value is %26 in a URL, and a value with"
                + " blanks stands in quotes in a connection string");
      } else {
        problems.add(unknown(name));
      }
      passwordBefore |= name.contains("password");
      secretBefore |= UrlText.mayBeSecret(name, KNOWN);
    }
  }

  private void translate(LibpqParameter parameter, String value) {
    switch (parameter.fate()) {
      case TRANSLATED -> {
        String property = parameter.property();
        if (property != null && !PresentDriver.HERE.doesWithout(property, value)) {
          translate(parameter, property, value);
        }
      }
      case OURS -> ours(parameter.name(), value);
      case IGNORED -> {
        if (parameter.harmless().isEmpty() || parameter.harmless().contains(value)) {
          notes.add(parameter.name() + " is ignored: " + parameter.why());
        } else {
          problems.add(
              parameter.name()
                  + " must be "
                  + String.join(" or ", parameter.harmless())
                  + ": "
                  + parameter.why());
        }
      }
      case REFUSED -> problems.add(parameter.name() + " can't be honoured: " + parameter.why());
    }
  }

  private void translate(LibpqParameter parameter, String property, String value) {
    String tooOld = PresentDriver.HERE.tooOldFor(property, value);
    if (tooOld != null) {
      problems.add(parameter.name() + " can't be honoured: " + tooOld);
      return;
    }
    String pasted = TlsParameters.pasted(property, value);
    if (pasted != null) {
      problems.add(pasted);
      return;
    }
    String translated = translated(parameter, property, value);
    if (translated != null) {
      properties.put(property, translated);
    }
  }

  private @Nullable String translated(LibpqParameter parameter, String property, String value) {
    List<String> known =
        parameter.values().isEmpty()
            ? PresentDriver.HERE.choices(property)
            : List.copyOf(new TreeSet<>(parameter.values().keySet()));
    List<String> said =
        property.equals(PropertyNames.REQUIRE_AUTH) ? list(value.replace(" ", "")) : List.of(value);
    if (!known.isEmpty() && !known.containsAll(said)) {
      problems.add(
          parameter.name()
              + " is "
              + UrlText.shown(value, known)
              + "; it must be "
              + String.join(", ", known));
      return null;
    }
    if (property.equals(PropertyNames.CONNECT_TIMEOUT)) {
      Integer seconds =
          number(parameter.name(), value, Integer.MAX_VALUE, Integer.toString(Integer.MAX_VALUE));
      return seconds == null
          ? null
          : Integer.toString(Math.max(0, Math.min(seconds, PresentDriver.MOST_SECONDS)));
    }
    return parameter.values().getOrDefault(value, value);
  }

  private void ours(String name, String value) {
    switch (name) {
      case "ssl" -> // requireForTrue has replaced true, the one value that libpq accepts, by a mode
          problems.add(
              "ssl is "
                  + UrlText.shown(value, List.of("true", "false", "require"))
                  + "; libpq knows ssl=true only: use sslmode");
      case "fallback_application_name" ->
          properties.putIfAbsent(PropertyNames.APPLICATION_NAME, value);
      case "keepalives_idle", "keepalives_interval", "keepalives_count" -> keepAlive(name, value);
      case "ssl_min_protocol_version", "ssl_max_protocol_version", "sslsni" ->
          tls.take(name, value);
      default -> {
        // The callers see to host, port and service.
      }
    }
  }

  private void keepAlive(String name, String value) {
    int most = name.equals("keepalives_count") ? KeepAlive.MOST_QUESTIONS : KeepAlive.MOST_SECONDS;
    Integer number = number(name, value, most, most + ", as with Linux");
    if (number == null || number <= 0) {
      return; // for libpq zero means the default
    }
    keepAlive =
        switch (name) {
          case "keepalives_idle" -> keepAlive.withIdleSeconds(number);
          case "keepalives_interval" -> keepAlive.withIntervalSeconds(number);
          default -> keepAlive.withCount(number);
        };
  }

  private @Nullable Integer number(String name, String value, int most, String shownMost) {
    String text = value.trim();
    String wanted = "a whole number";
    try {
      int number = Integer.parseInt(text);
      if (number <= most) {
        return number;
      }
      wanted = "at most " + shownMost;
    } catch (NumberFormatException e) {
      if (WHOLE.matcher(text).matches()) {
        wanted = "at most " + shownMost;
      }
    }
    problems.add(name + " is " + UrlText.shown(value, List.of()) + "; it must be " + wanted);
    return null;
  }

  private static String unknown(String name) {
    if (PresentDriver.HERE.knows(name)) {
      return name
          + " is a property of pgjdbc, not a parameter of a libpq URL: set it under properties";
    }
    String elsewhere = ELSEWHERE.get(name);
    return "libpq has no parameter "
        + name
        + (elsewhere != null
            ? ": " + elsewhere
            : NearestName.hint(name, LibpqParameter.BY_NAME.keySet()));
  }

  /**
   * Translates what the environment says of parameters that stand nowhere else. A problem names the
   * variable, because nobody would look for its cause there.
   */
  private void translateMissing(Map<String, String> environment, Set<String> settled) {
    environment.forEach(
        (name, value) -> {
          LibpqParameter parameter = LibpqParameter.BY_NAME.get(name);
          if (parameter == null
              || given.containsKey(name)
              || (parameter.property() != null && settled.contains(parameter.property()))) {
            return;
          }
          int before = problems.size();
          translate(parameter, value);
          for (int i = before; i < problems.size(); i++) {
            problems.set(i, LibpqEnvironment.variable(name) + ": " + problems.get(i));
          }
        });
  }

  /** Parameters of other clients' URLs, each with what to say instead. */
  private static final Map<String, String> ELSEWHERE =
      Map.ofEntries(
          Map.entry("schema", "it is Prisma's; set properties.currentSchema"),
          Map.entry("currentSchema", "it is pgjdbc's; set properties.currentSchema"),
          Map.entry("search_path", "write options=-c%20search_path=..."),
          Map.entry("statement_timeout", "set command-timeout"),
          Map.entry("timezone", "start Java with -Duser.timezone"),
          Map.entry("connection_limit", "it is Prisma's; set max-size"),
          Map.entry("pool_timeout", "it is Prisma's; set acquire-timeout"),
          Map.entry("socket_timeout", "it is Prisma's; set properties.socketTimeout"),
          Map.entry("statement_cache_size", "set properties.preparedStatementCacheQueries"),
          Map.entry("sslaccept", "it is Prisma's; use sslmode"),
          Map.entry("sslidentity", "it is Prisma's; use sslcert and sslkey"),
          Map.entry("pool", "set max-size"),
          Map.entry("pool_size", "set max-size"),
          Map.entry("max_overflow", "set max-size"),
          Map.entry("pool_max_conns", "it is pgx's; set max-size"),
          Map.entry("pool_min_conns", "it is pgx's; set min-size"),
          Map.entry("pool_max_conn_lifetime", "it is pgx's; set max-lifetime"),
          Map.entry("pool_max_conn_idle_time", "it is pgx's; set idle-timeout"),
          Map.entry("pool_health_check_period", "it is pgx's; set health-check-interval"),
          Map.entry("default_query_exec_mode", "it is pgx's; set properties.preferQueryMode"),
          Map.entry("encoding", "it is UTF8; leave it out"),
          Map.entry("username", "write user"),
          Map.entry("database", "write dbname"),
          Map.entry("uselibpqcompat", "it is node-postgres's; leave it out"));

  /** All known names: libpq's parameters, other clients' and pgjdbc's. */
  private static final Set<String> KNOWN =
      Stream.of(
              LibpqParameter.BY_NAME.keySet(), ELSEWHERE.keySet(), PresentDriver.HERE.properties())
          .flatMap(Collection::stream)
          .collect(Collectors.toUnmodifiableSet());

  private static List<String> list(@Nullable String text) {
    return text == null ? List.of() : List.of(text.split(",", -1));
  }

  /** What to say of a libpq name where pgjdbc's are expected; null if libpq has no such name. */
  static @Nullable String asProperty(String name) {
    LibpqParameter parameter = LibpqParameter.BY_NAME.get(name);
    if (parameter == null) {
      return null;
    }
    String property = parameter.property();
    if (property != null) {
      return name + " is libpq's name; pgjdbc calls it " + property;
    }
    return parameter.fate() == Fate.REFUSED
        ? name + " can't be honoured: " + parameter.why()
        : "pgjdbc has no property " + name;
  }
}
