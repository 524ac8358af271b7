package io.everpool.postgresql.url;

import static java.util.Map.entry;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The environment variables that libpq reads where a connection string says nothing ("Environment
 * Variables" in its manual). pgjdbc itself reads {@code PGPASSFILE} and {@code PGSERVICEFILE}.
 */
final class LibpqEnvironment {
  private static final Map<String, String> PARAMETERS =
      Map.ofEntries(
          entry("PGHOST", "host"),
          entry("PGHOSTADDR", "hostaddr"),
          entry("PGPORT", "port"),
          entry("PGDATABASE", "dbname"),
          entry("PGUSER", "user"),
          entry("PGPASSWORD", "password"),
          entry("PGSERVICE", "service"),
          entry("PGOPTIONS", "options"),
          entry("PGAPPNAME", "application_name"),
          entry("PGSSLMODE", "sslmode"),
          entry("PGREQUIRESSL", "requiressl"),
          entry("PGSSLNEGOTIATION", "sslnegotiation"),
          entry("PGSSLCOMPRESSION", "sslcompression"),
          entry("PGSSLCERT", "sslcert"),
          entry("PGSSLKEY", "sslkey"),
          entry("PGSSLCERTMODE", "sslcertmode"),
          entry("PGSSLROOTCERT", "sslrootcert"),
          entry("PGSSLCRL", "sslcrl"),
          entry("PGSSLCRLDIR", "sslcrldir"),
          entry("PGSSLSNI", "sslsni"),
          entry("PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version"),
          entry("PGSSLMAXPROTOCOLVERSION", "ssl_max_protocol_version"),
          entry("PGREQUIREPEER", "requirepeer"),
          entry("PGREQUIREAUTH", "require_auth"),
          entry("PGCHANNELBINDING", "channel_binding"),
          entry("PGGSSENCMODE", "gssencmode"),
          entry("PGKRBSRVNAME", "krbsrvname"),
          entry("PGGSSLIB", "gsslib"),
          entry("PGGSSDELEGATION", "gssdelegation"),
          entry("PGCONNECT_TIMEOUT", "connect_timeout"),
          entry("PGCLIENTENCODING", "client_encoding"),
          entry("PGTARGETSESSIONATTRS", "target_session_attrs"),
          entry("PGLOADBALANCEHOSTS", "load_balance_hosts"),
          entry("PGMINPROTOCOLVERSION", "min_protocol_version"),
          entry("PGMAXPROTOCOLVERSION", "max_protocol_version"));

  private LibpqEnvironment() {}

  /** The parameters that are set, by libpq's names; an empty variable counts as not set. */
  static Map<String, String> parameters(UnaryOperator<@Nullable String> environment) {
    Map<String, String> set = new TreeMap<>();
    PARAMETERS.forEach(
        (variable, parameter) -> {
          String value = environment.apply(variable);
          if (value != null && !value.isEmpty()) {
            set.put(parameter, value);
          }
        });
    return set;
  }

  /** The name of the variable that sets a parameter. */
  static String variable(String parameter) {
    return PARAMETERS.entrySet().stream()
        .filter(entry -> entry.getValue().equals(parameter))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(parameter);
  }
}
