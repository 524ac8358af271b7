package io.everpool.postgresql.url;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The form of Npgsql and of ADO.NET: {@code Host=db;Username=app;Password=x;Database=d}, as the
 * consoles of some clouds hand it out. Parameters of the connection are understood; parameters of
 * Npgsql's own pool are refused, with the setting to use instead.
 */
final class AdoString {
  /**
   * A text with a semicolon behind its first value, and behind that another name or nothing: {@code
   * Host=db;Username=app}.
   */
  private static final Pattern SEPARATED =
      Pattern.compile(
          "[^=;]+=(?:[^;]*|\\s*\"[^\"]*\"|\\s*'[^']*');\\s*(?:[A-Za-z][A-Za-z _]*=.*)?",
          Pattern.DOTALL);

  /** The first name of a text: {@code Host} of {@code Host=db;Username=app}. */
  private static final Pattern FIRST =
      Pattern.compile("\\s*([A-Za-z][A-Za-z _]*?)\\s*=.*", Pattern.DOTALL);

  /**
   * A name, its value and what ends it: {@code Username=app;}, or {@code Password="a;b"} in quotes;
   * a quote within the value is then written twice.
   */
  private static final Pattern PAIR =
      Pattern.compile(
          "\\s*([A-Za-z][A-Za-z _]*?)\\s*=\\s*(\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|[^;]*?)\\s*(?:;|$)");

  /** libpq's names by Npgsql's, in small letters and without spaces. */
  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("host", "host"),
          Map.entry("server", "host"),
          Map.entry("port", "port"),
          Map.entry("database", "dbname"),
          Map.entry("db", "dbname"),
          Map.entry("dbname", "dbname"),
          Map.entry("username", "user"),
          Map.entry("user", "user"),
          Map.entry("userid", "user"),
          Map.entry("uid", "user"),
          Map.entry("password", "password"),
          Map.entry("psw", "password"),
          Map.entry("pwd", "password"),
          Map.entry("sslmode", "sslmode"),
          Map.entry("rootcertificate", "sslrootcert"),
          Map.entry("sslcertificate", "sslcert"),
          Map.entry("sslkey", "sslkey"),
          Map.entry("sslpassword", "sslpassword"),
          Map.entry("channelbinding", "channel_binding"),
          Map.entry("timeout", "connect_timeout"),
          Map.entry("applicationname", "application_name"),
          Map.entry("options", "options"),
          Map.entry("targetsessionattributes", "target_session_attrs"));

  /** Names that don't concern the connection, each with what to do instead. */
  private static final Map<String, String> INSTEAD =
      Map.ofEntries(
          Map.entry("pooling", "leave it out, this is the pool"),
          Map.entry("minimumpoolsize", "set min-size"),
          Map.entry("minpoolsize", "set min-size"),
          Map.entry("maximumpoolsize", "set max-size"),
          Map.entry("maxpoolsize", "set max-size"),
          Map.entry("connectionlifetime", "set max-lifetime"),
          Map.entry("connectionidlelifetime", "set idle-timeout"),
          Map.entry("commandtimeout", "set command-timeout"),
          Map.entry("keepalive", "leave it out, TCP keepalive is on"),
          Map.entry("tcpkeepalive", "leave it out, it is on"),
          Map.entry("searchpath", "set properties.currentSchema"),
          Map.entry("timezone", "start Java with -Duser.timezone"),
          Map.entry("trustservercertificate", "leave it out, SSL Mode=Require does that"),
          Map.entry("integratedsecurity", "set user and password"));

  private static final Pattern QUOTED = Pattern.compile("\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'");

  private AdoString() {}

  /** A host, or an address of IPv6 in brackets, and its port. */
  private static final Pattern PLACE =
      Pattern.compile("(\\[[^\\[\\]]*:[^\\[\\]]*]|[^:]*)(?::([^:]*))?");

  /** A value in quotes as libpq accepts them; a semicolon within it doesn't separate. */
  private static final Pattern QUOTED_BY_LIBPQ =
      Pattern.compile("(=\\s*)'(?:[^'\\\\]|\\\\.)*'", Pattern.DOTALL);

  /** Whether Npgsql has a parameter of this name. */
  static boolean knows(String name) {
    return NAMES.containsKey(plain(name)) || INSTEAD.containsKey(plain(name));
  }

  private static boolean runsOn(String name, String value) {
    return RunOn.into(NAMES.getOrDefault(plain(name), name), value, true);
  }

  static boolean accepts(String text) {
    Matcher first = FIRST.matcher(text);
    if (!first.matches()) {
      return false;
    }
    String name = first.group(1);
    // Without a semicolon, "host=db" is libpq's form; only a name like Server can't be libpq's.
    return knows(name)
        && (SEPARATED.matcher(QUOTED_BY_LIBPQ.matcher(text).replaceAll("$1''")).matches()
            || !LibpqParameter.BY_NAME.containsKey(name));
  }

  static LibpqUrl parse(String text, List<String> problems) {
    Map<String, String> parameters = new LinkedHashMap<>();
    Matcher pair = PAIR.matcher(text);
    int at = 0;
    for (int number = 1; at < text.length() && !text.substring(at).isBlank(); number++) {
      pair.region(at, text.length());
      if (!pair.lookingAt()) {
        problems.add(
            "part number "
                + number
                + " of the connection string isn't of the form Name=value; a value with ; in it"
                + " stands in quotes");
        break;
      }
      String value = pair.group(2);
      if (!QUOTED.matcher(value).matches() && runsOn(pair.group(1), value)) {
        problems.add(
            "value number "
                + number
                + " of the connection string has another parameter or a URL in it: in Npgsql's form"
                + " parameters are separated by ;, and a value with = in it stands in quotes");
        break;
      }
      add(pair.group(1), unquoted(value), number, parameters, problems);
      at = pair.end();
    }
    ports(parameters);
    return new LibpqUrl(List.of(), List.of(), parameters);
  }

  private static void add(
      String name,
      String value,
      int number,
      Map<String, String> parameters,
      List<String> problems) {
    String known = NAMES.get(plain(name));
    String instead = INSTEAD.get(plain(name));
    if (known != null && value.isEmpty()) {
      parameters.remove(known); // for ADO.NET this means that it isn't said
    } else if (known != null) {
      parameters.put(known, translated(known, value));
    } else if (instead != null) {
      problems.add(name + " of an Npgsql connection string isn't taken: " + instead);
    } else {
      // The name isn't shown, because it may be the rest of a password that contains a semicolon.
      problems.add(
          "name number "
              + number
              + " of the connection string isn't one that is understood in Npgsql's form; a value"
              + " with ; in it stands in quotes, and everything else can be said by"
              + " postgresql://user:password@host:port/database?name=value");
    }
  }

  /**
   * Puts each host's port behind it. In Npgsql's form each host may have its own port behind it,
   * and Port is for the others: {@code Host=a:1,b;Port=2}. A text that isn't of this form stays as
   * it is, and is refused later.
   */
  private static void ports(Map<String, String> parameters) {
    String port = parameters.getOrDefault("port", "");
    List<String> hosts = new ArrayList<>();
    List<String> ports = new ArrayList<>();
    for (String one : parameters.getOrDefault("host", "").split(",", -1)) {
      Matcher place = PLACE.matcher(one.strip());
      boolean known = place.matches();
      String host = known ? place.group(1) : one.strip();
      hosts.add(host.matches("\\[.*:.*]") ? host.substring(1, host.length() - 1) : host);
      ports.add(known && place.group(2) != null ? place.group(2) : port);
    }
    if (parameters.containsKey("host") && port.indexOf(',') < 0) {
      parameters.put("host", String.join(",", hosts));
      if (ports.stream().anyMatch(own -> !own.equals(port))) {
        parameters.put("port", String.join(",", ports));
      }
    }
  }

  /** Translates Npgsql's words, which are libpq's in another spelling: {@code VerifyFull}. */
  private static String translated(String name, String value) {
    return switch (name) {
      case "sslmode", "channel_binding", "target_session_attrs" ->
          value.replaceAll("([a-z])([A-Z])", "$1-$2").replace(' ', '-').toLowerCase(Locale.ROOT);
      default -> value;
    };
  }

  private static String unquoted(String value) {
    if (value.length() >= 2 && (value.startsWith("\"") || value.startsWith("'"))) {
      String quote = value.substring(0, 1);
      return value.substring(1, value.length() - 1).replace(quote + quote, quote);
    }
    return value;
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[ _]", "");
  }
}
