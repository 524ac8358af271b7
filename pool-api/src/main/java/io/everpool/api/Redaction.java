package io.everpool.api;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Takes the secrets out of what is about to be shown. It shows what is known to be harmless (the
 * kind of URL, hosts, ports, the user, the database, parameters known by their names) and nothing
 * else: in a URL that isn't written as its rules want it, a piece of the password may stand
 * anywhere, and under any name. From the first piece that isn't known on, nothing is shown.
 *
 * <p>Stateless and thread-safe.
 */
public final class Redaction {

  /** What stands where a secret was, or may have been. */
  public static final String MASK = "***";

  private static final Pattern WITH_AUTHORITY =
      Pattern.compile("((?:jdbc:)?[A-Za-z][A-Za-z0-9+.-]*:(?:[a-z]+:)?//)(.*)", Pattern.DOTALL);
  private static final Pattern OPAQUE = Pattern.compile("jdbc:([a-z0-9]+):(.*)", Pattern.DOTALL);
  private static final Pattern KEYWORDS = Pattern.compile("[A-Za-z_ ]+=.*", Pattern.DOTALL);
  private static final Pattern AMBIGUOUS = Pattern.compile("[/?#;&@\\s'\"\\\\]");
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_.$-]{0,63}");
  private static final Pattern FILE = Pattern.compile("(?:[a-z]+:)?[A-Za-z0-9_.$~/-]*");
  private static final Pattern HOST =
      Pattern.compile("(?:[A-Za-z0-9_.-]*|\\[[0-9A-Fa-f:.]+])(?::[0-9]{0,5})?");

  /**
   * A harmless value. It is shorter than any key that might stand in place of a path (Ed25519,
   * base64).
   */
  private static final Pattern VALUE = Pattern.compile("[A-Za-z0-9_.,/+-]{0,63}");

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");

  /** Databases in a file or in memory, whose path is no place for credentials. */
  private static final Set<String> FILES = Set.of("h2", "hsqldb", "derby", "sqlite", "duckdb");

  /** Parameters, properties and keywords whose value is a text, and no secret. */
  private static final Set<String> HARMLESS =
      Set.of(
          ("host hostaddr server pghost dbname database pgdbname user username userid uid schema"
                  + " currentschema searchpath service sslrootcert sslcert sslfactory"
                  + " applicationname fallbackapplicationname servertimezone timezone socketfactory"
                  + " mode databasename")
              .split(" "));

  /** Parameters whose value is a number or a time; a wrong variable may put anything else there. */
  private static final Set<String> NUMBERS =
      Set.of(
          ("port pgport connecttimeout connectiontimeout sockettimeout logintimeout querytimeout"
                  + " cancelsignaltimeout statementtimeout commandtimeout keepalivesidle"
                  + " keepalivesinterval keepalivescount tcpusertimeout hostrecheckseconds"
                  + " preparethreshold preparedstatementcachequeries preparedstatementcachesizemib"
                  + " defaultrowfetchsize assumeminserverversion protocolversion"
                  + " minprotocolversion maxprotocolversion connectionlimit pooltimeout"
                  + " maximumpoolsize minpoolsize maxpoolsize dbclosedelay")
              .split(" "));

  /** Parameters whose value is one of a few words. */
  private static final Set<String> CHOICES =
      Set.of(
          ("ssl sslmode sslnegotiation sslsni sslcertmode channelbinding requireauth gssencmode"
                  + " usessl encrypt trustservercertificate tcpkeepalive keepalives"
                  + " targetsessionattrs targetservertype loadbalancehosts clientencoding encoding"
                  + " charset characterencoding rewritebatchedinserts readonly readonlymode autosave"
                  + " stringtype binarytransfer replication preferquerymode escapesyntaxcallmode"
                  + " pgbouncer pooling")
              .split(" "));

  /** The words of these choices, without the characters that separate their parts. */
  private static final Set<String> CHOSEN =
      Set.of(
          ("0 1 true false on off yes no none auto always never any disable disabled allow prefer"
                  + " preferred require required verifyca verifyfull verifyidentity noverify strict"
                  + " optional mandatory postgres direct readwrite readonly primary secondary master"
                  + " slave standby prefersecondary preferstandby preferprimary preferslave random"
                  + " conservative ignore transaction simple extended extendedforprepared"
                  + " extendedcacheeverything varchar unspecified select call callifnoreturn"
                  + " database md5 password gss gssapi sspi scramsha256 scramsha256plus utf8 utf8mb4"
                  + " utf16 unicode latin1 latin9 iso88591 iso885915 windows1252 win1252 sqlascii")
              .split(" "));

  private static final Pattern NUMBER =
      Pattern.compile("(?:(?:^|,)-?[0-9]{1,10}(?:\\.[0-9]{1,9})?(?:us|ms|s|m|min|h|d)?)*");

  /** Names that are no secret, though their values are. */
  private static final Set<String> SECRET_NAMES = Set.of("password", "pwd", "sslpassword");

  private Redaction() {}

  /**
   * The URL, or a text of keywords ({@code host=db user=app password=x}), as far as it is known to
   * be harmless; {@link #MASK} for the rest.
   */
  public static String url(String url) {
    String text = url.strip();
    if (text.isEmpty()) {
      return text;
    }
    Matcher authority = WITH_AUTHORITY.matcher(text);
    if (authority.matches()) {
      return authority.group(1) + afterSlashes(authority.group(2));
    }
    Matcher opaque = OPAQUE.matcher(text);
    if (opaque.matches()) {
      Pattern place = FILES.contains(opaque.group(1)) ? FILE : PLAIN;
      return "jdbc:" + opaque.group(1) + ":" + placeAndParameters(opaque.group(2), place);
    }
    return KEYWORDS.matcher(text).matches() ? keywords(text) : MASK;
  }

  /** The properties in order of their names, with the values that aren't known harmless masked. */
  public static Map<String, String> properties(Map<String, String> properties) {
    Map<String, String> masked = new TreeMap<>();
    properties.forEach(
        (name, value) ->
            masked.put(
                NAME.matcher(name).matches() ? name : MASK,
                isHarmless(name, value) ? value : MASK));
    return masked;
  }

  private static String afterSlashes(String text) {
    StringBuilder shown = new StringBuilder();
    String rest = text;
    int at = text.lastIndexOf('@');
    if (at >= 0) {
      String info = text.substring(0, at);
      if (AMBIGUOUS.matcher(info).find()) {
        return MASK; // nobody knows where the password ends
      }
      int colon = info.indexOf(':');
      String user = colon < 0 ? info : info.substring(0, colon);
      shown.append(PLAIN.matcher(user).matches() ? user : MASK);
      shown.append(colon < 0 ? "@" : ":" + MASK + "@");
      rest = text.substring(at + 1);
    }
    int end = endOf(rest, "/?;&#");
    for (String host : rest.substring(0, end).split(",", -1)) {
      if (!HOST.matcher(host).matches()) {
        return shown + MASK;
      }
    }
    shown.append(rest, 0, end);
    if (end < rest.length() && rest.charAt(end) == '/') {
      return shown + "/" + placeAndParameters(rest.substring(end + 1), PLAIN);
    }
    return shown + placeAndParameters(rest.substring(end), PLAIN);
  }

  private static String placeAndParameters(String text, Pattern place) {
    int end = endOf(text, "?;&#");
    String name = text.substring(0, end);
    if (!place.matcher(name).matches() || text.indexOf('@') >= 0) {
      return MASK;
    }
    StringBuilder shown = new StringBuilder(name);
    while (end < text.length()) {
      int next = end + 1 + endOf(text.substring(end + 1), "?;&#");
      String parameter = text.substring(end + 1, next);
      shown.append(text.charAt(end));
      if (!append(shown, parameter)) {
        break;
      }
      end = next;
    }
    return shown.toString();
  }

  private static String keywords(String text) {
    StringBuilder shown = new StringBuilder();
    String separator = text.indexOf(';') >= 0 ? ";" : " ";
    for (String pair : text.split(separator.equals(";") ? ";" : "\\s+", -1)) {
      if (!append(shown, pair)) {
        break;
      }
      shown.append(separator);
    }
    return shown.toString().strip();
  }

  /** Appends {@code name=value} as far as it may be shown; false if no more may be. */
  private static boolean append(StringBuilder shown, String pair) {
    int equals = pair.indexOf('=');
    String name = equals < 0 ? pair : pair.substring(0, equals);
    if (pair.isEmpty() || (equals > 0 && isHarmless(name, pair.substring(equals + 1)))) {
      shown.append(pair);
      return true;
    }
    boolean known = equals > 0 && (isKnown(plain(name)) || SECRET_NAMES.contains(plain(name)));
    shown.append(known ? name + "=" + MASK : MASK);
    return false;
  }

  private static boolean isHarmless(String name, String value) {
    String known = plain(name);
    if (NUMBERS.contains(known)) {
      return NUMBER.matcher(value).matches();
    }
    if (CHOICES.contains(known)) {
      return value.isEmpty()
          || Arrays.stream(value.split(",", -1)).allMatch(one -> CHOSEN.contains(plain(one)));
    }
    return HARMLESS.contains(known) && VALUE.matcher(value).matches();
  }

  private static boolean isKnown(String plain) {
    return HARMLESS.contains(plain) || NUMBERS.contains(plain) || CHOICES.contains(plain);
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[_ -]", "");
  }

  private static int endOf(String text, String ends) {
    for (int i = 0; i < text.length(); i++) {
      if (ends.indexOf(text.charAt(i)) >= 0) {
        return i;
      }
    }
    return text.length();
  }
}
