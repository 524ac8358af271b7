package io.everpool.servers;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a test server starts with.
 *
 * @param user the role that the tests log in as; no superuser
 * @param password its password, checked by SCRAM
 * @param database its database
 * @param parameters server parameters, such as {@code max_connections}; they win over the defaults
 * @param tls whether it takes TLS as well, with a certificate of its own; never in a container
 */
public record ServerSettings(
    String user, String password, String database, Map<String, String> parameters, boolean tls) {

  public ServerSettings {
    parameters = Map.copyOf(parameters);
  }

  /** Role and database {@code app}, and a password that occurs nowhere else. */
  public static ServerSettings defaults() {
    byte[] random = new byte[8];
    new SecureRandom().nextBytes(random);
    String password = "pw-" + HexFormat.of().formatHex(random);
    return new ServerSettings("app", password, "app", Map.of(), false);
  }

  public ServerSettings withPassword(String value) {
    return new ServerSettings(user, value, database, parameters, tls);
  }

  /** With TLS; {@link PostgresServer#certificate} is what a client has to trust. */
  public ServerSettings withTls() {
    return new ServerSettings(user, password, database, parameters, true);
  }

  /** Adds a server parameter. */
  public ServerSettings with(String parameter, String value) {
    Map<String, String> more = new TreeMap<>(parameters);
    more.put(parameter, value);
    return new ServerSettings(user, password, database, more, tls);
  }

  /**
   * Every parameter that is given on the command line. Durable against the death of processes
   * ({@code synchronous_commit}), not of the machine: nobody pulls the plug in these tests.
   */
  Map<String, String> allParameters() {
    Map<String, String> all = new TreeMap<>();
    all.put("synchronous_commit", "on");
    all.put("fsync", "off");
    all.put("shared_buffers", "32MB");
    // in the data directory, and so gone with it however the server ends
    all.put("dynamic_shared_memory_type", "mmap");
    all.put("log_connections", "on");
    all.put("log_line_prefix", "%m [%p] ");
    all.put("lc_messages", "C");
    all.put("password_encryption", "scram-sha-256");
    all.put("ssl", tls ? "on" : "off");
    all.putAll(parameters);
    return all;
  }
}
