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
 * What a URL of either kind says: where to connect to and how, in pgjdbc's terms.
 *
 * @param hosts at least one, unless there was a problem
 * @param properties by pgjdbc's names; with secrets
 * @param keepAlive for sockets of ours
 * @param tls for TLS sockets of ours
 * @param notes what was dropped and why; without secrets
 */
public record Destination(
    List<HostPort> hosts,
    Map<String, String> properties,
    KeepAlive keepAlive,
    TlsTerms tls,
    List<String> notes) {

  /** Neon: suspends the server when it is unused. */
  public boolean neon() {
    return hosts.stream()
        .map(host -> host.host().toLowerCase(Locale.ROOT))
        .anyMatch(host -> host.endsWith(".neon.tech") || host.endsWith(".neon.build"));
  }

  /** What hosts and ports say of a pooler; {@link PoolerMode#AUTO} if nothing. */
  public PoolerMode knownPooler() {
    return KnownPooler.at(hosts);
  }

  /** As pgjdbc has it: {@code ssl=true} counts where {@code sslmode} isn't said. */
  public String sslMode() {
    String mode = properties.getOrDefault(PropertyNames.SSL_MODE, "").toLowerCase(Locale.ROOT);
    return !mode.isEmpty() ? mode : asksForSsl() ? "verify-full" : "prefer";
  }

  /** Whether {@code ssl} is true, or there without a value. */
  public boolean asksForSsl() {
    String ssl = properties.get("ssl");
    return ssl != null && (ssl.isEmpty() || ssl.equalsIgnoreCase("true"));
  }

  /** Whether it is this limit of a statement that the server is told at the start of a session. */
  public boolean tellsServer(Duration commandTimeout) {
    return properties
        .getOrDefault(PropertyNames.OPTIONS, "")
        .startsWith(SessionDefaults.option(commandTimeout));
  }

  /** Hosts and ports as they stand in a URL. */
  public String authority() {
    return hosts.stream().map(HostPort::toString).collect(Collectors.joining(","));
  }
}
