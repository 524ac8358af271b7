package io.everpool.postgresql.url;

import io.everpool.api.PoolerMode;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.socket.KeepAlive;
import io.everpool.postgresql.socket.TlsTerms;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a URL of any form says: where to connect to and how, in pgjdbc's terms.
 *
 * @param hosts the hosts and their ports; at least one, unless there was a problem
 * @param properties pgjdbc's properties; with secrets
 * @param keepAlive how our sockets keep a connection alive
 * @param tls the limits of our TLS sockets
 * @param notes what was dropped and why; without secrets
 */
public record Destination(
    List<HostPort> hosts,
    Map<String, String> properties,
    KeepAlive keepAlive,
    TlsTerms tls,
    List<String> notes) {

  /** Whether the host is Neon's, which suspends a server that isn't used. */
  public boolean neon() {
    return hosts.stream()
        .map(host -> host.host().toLowerCase(Locale.ROOT))
        .anyMatch(host -> host.endsWith(".neon.tech") || host.endsWith(".neon.build"));
  }

  /**
   * What the hosts and their ports tell about a pooler; {@link PoolerMode#AUTO} if they tell
   * nothing.
   */
  public PoolerMode knownPooler() {
    return KnownPooler.at(hosts);
  }

  /** The {@code sslmode} as pgjdbc understands it: if it isn't set, {@code ssl=true} counts. */
  public String sslMode() {
    String mode = properties.getOrDefault(PropertyNames.SSL_MODE, "").toLowerCase(Locale.ROOT);
    return !mode.isEmpty() ? mode : asksForSsl() ? "verify-full" : "prefer";
  }

  /** Whether {@code ssl} is true, or is given without a value. */
  public boolean asksForSsl() {
    String ssl = properties.get("ssl");
    return ssl != null && (ssl.isEmpty() || ssl.equalsIgnoreCase("true"));
  }

  /** Whether this limit of a statement is what the server is told at the start of a session. */
  public boolean tellsServer(Duration commandTimeout) {
    return properties
        .getOrDefault(PropertyNames.OPTIONS, "")
        .startsWith(SessionDefaults.option(commandTimeout));
  }

  /** The hosts and their ports as they stand in a URL. */
  public String authority() {
    return hosts.stream().map(HostPort::toString).collect(Collectors.joining(","));
  }
}
