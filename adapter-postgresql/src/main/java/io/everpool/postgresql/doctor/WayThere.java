package io.everpool.postgresql.doctor;

import io.everpool.postgresql.doctor.Finding.Subject;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.url.Destination;
import io.everpool.postgresql.url.HostPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Examines what comes before a login: the names of the hosts, their ports, and TLS. */
final class WayThere {
  private final Destination destination;
  private final int timeoutMillis;
  private final Findings findings;
  private final Names names;

  /** Looks up the addresses of a name. */
  @FunctionalInterface
  interface Names {
    InetAddress[] of(String host) throws UnknownHostException;
  }

  WayThere(Destination destination, Duration timeout, Findings findings) {
    this(destination, timeout, findings, InetAddress::getAllByName);
  }

  WayThere(Destination destination, Duration timeout, Findings findings, Names names) {
    this.names = names;
    this.destination = destination;
    this.timeoutMillis = (int) Math.min(Integer.MAX_VALUE, Math.max(1, timeout.toMillis()));
    this.findings = findings;
  }

  /** Examines the way; returns whether a login may be tried. */
  boolean examine() {
    if (destination.properties().containsKey(PropertyNames.SOCKET_FACTORY)) {
      for (Subject subject : List.of(Subject.NAME, Subject.PORT, Subject.TLS)) {
        findings.skip(subject, "not looked at, for socketFactory knows another way there");
      }
      return true;
    }
    Map<HostPort, List<InetAddress>> addresses = resolve();
    if (addresses.isEmpty()) {
      findings.skipAfter(Subject.NAME);
      return false;
    }
    Map<HostPort, InetAddress> open = new LinkedHashMap<>();
    addresses.forEach(
        (host, all) -> {
          // each address is looked at, though one that answers would do
          for (InetAddress address : all) {
            boolean first = address.equals(all.get(0)); // pgjdbc goes to the first address only
            if (isOpen(host, address, first || open.containsKey(host)) && first) {
              open.put(host, address);
            }
          }
        });
    if (open.isEmpty()) {
      findings.skipAfter(Subject.PORT);
      return false;
    }
    Handshake handshake = new Handshake(destination, timeoutMillis, findings);
    boolean usable = false;
    for (Map.Entry<HostPort, InetAddress> one : open.entrySet()) {
      usable |= handshake.examine(one.getKey(), one.getValue());
    }
    if (usable) {
      findings.anotherWay();
    } else {
      findings.skipAfter(Subject.TLS);
    }
    return usable;
  }

  private Map<HostPort, List<InetAddress>> resolve() {
    Map<HostPort, List<InetAddress>> found = new LinkedHashMap<>();
    for (HostPort host : destination.hosts()) {
      try {
        List<InetAddress> addresses = Arrays.asList(names.of(host.host()));
        found.put(host, addresses);
        findings.ok(
            Subject.NAME,
            host.host()
                + " is "
                + addresses.stream()
                    .map(InetAddress::getHostAddress)
                    .collect(Collectors.joining(", ")));
      } catch (UnknownHostException e) {
        findings.deadEnd(
            Subject.NAME,
            "nobody knows the host "
                + host.host()
                + ": check its spelling in url, and whether this machine can ask the name server"
                + " that knows it (a VPN, a private DNS zone)");
      }
    }
    return found;
  }

  /**
   * @param usable whether pgjdbc goes there, or to an address of the same name that answers
   */
  private boolean isOpen(HostPort host, InetAddress address, boolean usable) {
    String place = address.getHostAddress() + " port " + host.port();
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(address, host.port()), timeoutMillis);
      findings.ok(
          Subject.PORT,
          place
              + " is open"
              + (usable ? "" : ", and not used: pgjdbc goes to the first address of a name only"));
      return true;
    } catch (SocketTimeoutException e) {
      findings.deadEnd(
          Subject.PORT,
          place
              + " doesn't answer within connect-timeout: a firewall or a security group drops what is"
              + " sent there, or the address is wrong");
    } catch (IOException e) {
      findings.deadEnd(
          Subject.PORT,
          place
              + " refuses: "
              + e.getMessage()
              + ". Check host and port in url, whether the server runs, and its"
              + " listen_addresses");
    }
    return false;
  }
}
