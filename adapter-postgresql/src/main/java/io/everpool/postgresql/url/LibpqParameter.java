package io.everpool.postgresql.url;

import static java.util.Map.entry;

import io.everpool.postgresql.driver.PropertyNames;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a parameter of libpq (version 18: "Parameter Key Words" in its manual).
 *
 * @param name libpq's name of the parameter
 * @param fate what is done with it
 * @param property the property of pgjdbc that it is translated into, if it is
 * @param values pgjdbc's values by libpq's, if they differ; empty if they don't
 * @param harmless for an ignored parameter, the values that may be dropped; empty if all may
 * @param why for an ignored parameter, why it is ignored; for a refused one, what to do instead
 */
record LibpqParameter(
    String name,
    Fate fate,
    @Nullable String property,
    Map<String, String> values,
    List<String> harmless,
    String why) {

  /** What is done with a parameter. */
  enum Fate {
    /** pgjdbc has it, by the same name or another. */
    TRANSLATED,
    /** Everpool sees to it. */
    OURS,
    /** It is dropped with a note: nothing breaks and nothing gets less safe. */
    IGNORED,
    /** It is refused: to drop it would weaken security or change what is connected to. */
    REFUSED
  }

  private static final String NO_SUCH =
      "pgjdbc has nothing like it, and without it the connection would be less safe; ";
  private static final String OTHERWISE = "pgjdbc has nothing like it; ";

  private static final List<LibpqParameter> TABLE =
      List.of(
          // Where to connect to, and as whom
          ours("host"),
          ours("port"),
          ours("service"),
          refused("hostaddr", OTHERWISE + "write the address as the host"),
          refused("servicefile", OTHERWISE + "set PGSERVICEFILE in the environment"),
          translated("dbname", PropertyNames.PG_DBNAME),
          translated("user", PropertyNames.USER),
          translated("password", PropertyNames.PASSWORD),
          refused("passfile", OTHERWISE + "set PGPASSFILE in the environment"),
          translated(
              "target_session_attrs",
              PropertyNames.TARGET_SERVER_TYPE,
              Map.ofEntries(
                  entry("any", "any"),
                  entry("read-write", "primary"),
                  entry("primary", "primary"),
                  entry("read-only", "secondary"),
                  entry("standby", "secondary"),
                  entry("prefer-standby", "preferSecondary"))),
          translated(
              "load_balance_hosts",
              PropertyNames.LOAD_BALANCE_HOSTS,
              Map.of("disable", "false", "random", "true")),
          // Encryption and authentication
          ours("ssl"),
          translated("sslmode", PropertyNames.SSL_MODE),
          translated("sslnegotiation", PropertyNames.SSL_NEGOTIATION),
          translated("sslrootcert", PropertyNames.SSL_ROOT_CERT),
          translated("sslcert", PropertyNames.SSL_CERT),
          translated("sslkey", PropertyNames.SSL_KEY),
          translated("sslpassword", PropertyNames.SSL_PASSWORD),
          translated("channel_binding", PropertyNames.CHANNEL_BINDING),
          translated("require_auth", PropertyNames.REQUIRE_AUTH),
          translated("gssencmode", PropertyNames.GSS_ENC_MODE),
          translated("krbsrvname", PropertyNames.KERBEROS_SERVER_NAME),
          translated("gsslib", PropertyNames.GSS_LIB),
          refused("requiressl", NO_SUCH + "write sslmode=require"),
          refused("sslcrl", NO_SUCH + "check revocation with an sslfactory of your own"),
          refused("sslcrldir", NO_SUCH + "check revocation with an sslfactory of your own"),
          ours("ssl_min_protocol_version"),
          ours("ssl_max_protocol_version"),
          ours("sslsni"),
          refused("requirepeer", NO_SUCH + "it is for Unix-domain sockets: use TLS instead"),
          ignored(
              "sslcertmode", List.of("allow", "disable"), "pgjdbc sends a certificate if asked"),
          ignored("sslcompression", List.of(), "the JDK never compresses TLS"),
          ignored("sslkeylogfile", List.of(), "the JDK doesn't give its keys away"),
          ignored("gssdelegation", List.of(), "pgjdbc doesn't delegate credentials"),
          refused("scram_client_key", OTHERWISE + "use a password"),
          refused("scram_server_key", OTHERWISE + "use a password"),
          refused("oauth_issuer", OTHERWISE + "use a password"),
          refused("oauth_client_id", OTHERWISE + "use a password"),
          refused("oauth_client_secret", OTHERWISE + "use a password"),
          refused("oauth_scope", OTHERWISE + "use a password"),
          // The session
          translated("options", PropertyNames.OPTIONS),
          translated("application_name", PropertyNames.APPLICATION_NAME),
          ours("fallback_application_name"),
          translated("replication", PropertyNames.REPLICATION),
          ignored(
              "client_encoding", List.of("UTF8", "utf8", "UTF-8", "utf-8", "auto"), "it is UTF8"),
          ignored("min_protocol_version", List.of("3.0"), "pgjdbc speaks protocol 3.0"),
          ignored("max_protocol_version", List.of(), "pgjdbc speaks protocol 3.0"),
          ignored("tty", List.of(), "it has no meaning any more"),
          ignored("authtype", List.of(), "it has no meaning any more"),
          // The network
          translated("connect_timeout", PropertyNames.CONNECT_TIMEOUT),
          translated("keepalives", PropertyNames.TCP_KEEP_ALIVE, Map.of("0", "false", "1", "true")),
          ours("keepalives_idle"),
          ours("keepalives_interval"),
          ours("keepalives_count"),
          ignored(
              "tcp_user_timeout",
              List.of(),
              "the JDK doesn't have TCP_USER_TIMEOUT; socketTimeout bounds the wait"));

  static final Map<String, LibpqParameter> BY_NAME =
      TABLE.stream().collect(Collectors.toMap(LibpqParameter::name, Function.identity()));

  private static LibpqParameter translated(String name, String property) {
    return translated(name, property, Map.of());
  }

  private static LibpqParameter translated(
      String name, String property, Map<String, String> values) {
    return new LibpqParameter(name, Fate.TRANSLATED, property, values, List.of(), "");
  }

  private static LibpqParameter ours(String name) {
    return new LibpqParameter(name, Fate.OURS, null, Map.of(), List.of(), "");
  }

  private static LibpqParameter ignored(String name, List<String> harmless, String why) {
    return new LibpqParameter(name, Fate.IGNORED, null, Map.of(), harmless, why);
  }

  private static LibpqParameter refused(String name, String why) {
    return new LibpqParameter(name, Fate.REFUSED, null, Map.of(), List.of(), why);
  }
}
