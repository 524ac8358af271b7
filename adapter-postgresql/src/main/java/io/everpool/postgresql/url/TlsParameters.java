package io.everpool.postgresql.url;

import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.socket.TlsTerms;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Those of libpq's parameters for TLS that pgjdbc has no properties for. */
final class TlsParameters {
  private static final List<String> VERSIONS = List.of("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3");

  /**
   * pgjdbc's properties that are paths; its message quotes the path of a file that it can't read.
   */
  private static final Set<String> PATHS =
      Set.of(PropertyNames.SSL_CERT, PropertyNames.SSL_KEY, PropertyNames.SSL_ROOT_CERT);

  /** What may come before a path in {@code sslfactoryarg}. */
  private static final Pattern PLACE = Pattern.compile("(?:file|classpath):");

  /**
   * The content of such a file, which someone may have put where the path belongs: PEM, in several
   * lines or in one; or PEM or DER in base64, whose + a JDBC URL has turned into a blank.
   */
  private static final Pattern CONTENT =
      Pattern.compile(
          ".*(?:[\\p{Cntrl}\\x85\\u2028\\u2029]|-----BEGIN|BEGIN [A-Z0-9 ]*(?:KEY|CERTIFICATE)).*"
              + "|\\s*(?:LS0tLS1|M[A-P])[A-Za-z0-9+/_ -]{56,}={0,2}\\s*",
          Pattern.DOTALL);

  private final List<String> problems;
  private TlsTerms terms = TlsTerms.DEFAULT;

  TlsParameters(List<String> problems) {
    this.problems = problems;
  }

  /** Takes one of {@code ssl_min_protocol_version, ssl_max_protocol_version, sslsni}. */
  void take(String name, String value) {
    if (value.isEmpty()) {
      return; // for libpq this means the default
    }
    switch (name) {
      case "sslsni" -> {
        if (value.equals("0") || value.equals("1")) {
          terms = new TlsTerms(terms.least(), terms.most(), value.equals("1"));
        } else {
          problems.add("sslsni is " + UrlText.shown(value, List.of()) + "; it must be 0, 1");
        }
      }
      case "ssl_min_protocol_version" -> {
        String version = version(name, value);
        // a lower version than the pool's own limit is not accepted anyway
        if (version != null && version.compareTo(terms.least()) > 0) {
          terms = new TlsTerms(version, terms.most(), terms.named());
        }
      }
      default -> {
        String version = version(name, value);
        if (version != null) {
          terms = new TlsTerms(terms.least(), version, terms.named());
        }
      }
    }
  }

  private @Nullable String version(String name, String value) {
    for (String known : VERSIONS) {
      if (known.equalsIgnoreCase(value)) {
        return known;
      }
    }
    problems.add(
        name
            + " is "
            + UrlText.shown(value, VERSIONS)
            + "; it must be "
            + String.join(", ", VERSIONS));
    return null;
  }

  /** The limits that result after every parameter was taken. */
  TlsTerms terms() {
    if (!terms.most().isEmpty() && terms.most().compareTo(terms.least()) < 0) {
      problems.add(
          "ssl_max_protocol_version is "
              + terms.most()
              + ", and "
              + terms.least()
              + " is the least that is taken: TLSv1.2 or newer, and what ssl_min_protocol_version"
              + " says");
      return TlsTerms.DEFAULT;
    }
    return terms;
  }

  /**
   * Does what libpq 16 does for sslrootcert=system: it uses the system's roots, and then accepts
   * nothing less than verify-full. Here the system's roots are the JVM's.
   */
  static void systemRoots(Map<String, String> properties, List<String> problems) {
    if (!"system".equals(properties.get(PropertyNames.SSL_ROOT_CERT))) {
      return;
    }
    String mode = properties.computeIfAbsent(PropertyNames.SSL_MODE, absent -> "verify-full");
    if (!mode.equals("verify-full")) {
      problems.add("sslrootcert=system wants sslmode=verify-full, not sslmode=" + mode);
    }
    if (properties.containsKey(PropertyNames.SSL_CERT)
        || properties.containsKey(PropertyNames.SSL_KEY)) {
      problems.add(
          "sslcert and sslkey can't be had with sslrootcert=system: with the JVM's roots pgjdbc"
              + " takes the JVM's key, javax.net.ssl.keyStore; set that, or point sslrootcert at a"
              + " file with the root");
    }
    properties.remove(PropertyNames.SSL_ROOT_CERT);
    properties.put(PropertyNames.SSL_FACTORY, "org.postgresql.ssl.DefaultJavaSSLFactory");
  }

  /**
   * Makes require mean verify-ca if there is a root certificate. With a root certificate at hand
   * libpq verifies the chain for {@code sslmode=require} too, for the sake of its older versions;
   * pgjdbc verifies nothing then. A URL in libpq's form means what it means to libpq.
   */
  static void verifyAsLibpqDoes(Map<String, String> properties, List<String> notes) {
    if (!"require".equals(properties.get(PropertyNames.SSL_MODE))
        || properties.containsKey(PropertyNames.SSL_FACTORY)) {
      return;
    }
    String named = properties.get(PropertyNames.SSL_ROOT_CERT);
    Path root =
        named != null && !named.isEmpty()
            ? Path.of(named)
            : Path.of(System.getProperty("user.home", ""), ".postgresql", "root.crt");
    if (Files.exists(root)) {
      properties.put(PropertyNames.SSL_MODE, "verify-ca");
    } else if (named != null) {
      notes.add(
          "sslrootcert names a file that isn't there, so with sslmode=require the server's"
              + " certificate isn't verified, as libpq has it; verify-ca or verify-full insists");
    }
  }

  /**
   * What to say of a key or a certificate that stands where its path should be; null if there is
   * none.
   *
   * @param property the name of a property of pgjdbc
   */
  static @Nullable String pasted(String property, String value) {
    boolean path =
        PATHS.contains(property)
            || (property.equals(PropertyNames.SSL_FACTORY_ARG) && PLACE.matcher(value).lookingAt());
    return path && CONTENT.matcher(PLACE.matcher(value).replaceFirst("")).matches()
        ? property
            + " must be the path of a file, and is what seems to belong into one, which isn't"
            + " shown: write it to a file, and set "
            + property
            + " to that file's path"
        : null;
  }

  /**
   * What to say of a value that pgjdbc would wrongly take for the name of a file; null if it
   * wouldn't.
   *
   * @param property the name of a property of pgjdbc
   */
  static @Nullable String misread(String property, String value) {
    String pasted = pasted(property, value);
    if (pasted != null) {
      return pasted;
    }
    return property.equals(PropertyNames.SSL_ROOT_CERT)
            && value.toLowerCase(Locale.ROOT).equals("system")
            && !Files.exists(Path.of(value))
        ? "sslrootcert=system is libpq's, and pgjdbc looks for a file of that name: write a libpq URL"
            + " (postgresql://...), or set sslmode=verify-full and"
            + " sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory"
        : null;
  }
}
