package io.everpool.postgresql.socket;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;

/**
 * Tells hosts of a URL apart, and finds the one that a socket was told to connect to. An address
 * has several spellings ({@code [::1]}, {@code 127.1}), and the socket knows only the JDK's.
 */
public final class HostName {
  private static final int PARTS = 4;
  private static final int BITS = 8;
  private static final int MOST_DIGITS = 10;

  private HostName() {}

  /**
   * The host and port as the URL spells them.
   *
   * @param hosts which the driver was given; of a single one all its sockets are
   */
  static String among(List<String> hosts, InetSocketAddress address) {
    if (hosts.size() == 1) {
      return hosts.get(0);
    }
    String name = of(address);
    String plain = plain(name);
    return hosts.stream().filter(host -> plain(host).equals(plain)).findFirst().orElse(name);
  }

  /** Whether both, with their ports, are spellings of one host. No name service is asked. */
  public static boolean areSame(String one, String other) {
    return one.equals(other) || plain(one).equals(plain(other));
  }

  /** Whether {@code host} is a spelling of one of {@code hosts}. */
  public static boolean isAmong(Collection<String> hosts, String host) {
    return hosts.stream().anyMatch(one -> areSame(one, host));
  }

  private static String of(InetSocketAddress address) {
    String host = address.getHostString();
    boolean bare = host.indexOf(':') >= 0 && !host.startsWith("[");
    return (bare ? "[" + host + "]" : host) + ":" + address.getPort();
  }

  /** The same text for each spelling of a host and its port. No name service is asked. */
  static String plain(String hostAndPort) {
    int colon = hostAndPort.lastIndexOf(':');
    String host = hostAndPort.substring(0, colon);
    String plain = host.startsWith("[") ? plainInBrackets(host) : plainWithDots(host);
    return plain.toLowerCase(Locale.ROOT) + hostAndPort.substring(colon);
  }

  private static String plainInBrackets(String host) {
    try {
      return InetAddress.getByName(host).getHostAddress(); // in brackets nothing is looked up
    } catch (UnknownHostException e) {
      return host;
    }
  }

  /**
   * An IPv4 address with all of its four parts; anything else as it is. The JDK takes one with
   * fewer parts, of which the last stands for all that are missing, but would look up a name.
   */
  private static String plainWithDots(String host) {
    String[] parts = host.split("\\.", -1);
    if (parts.length > PARTS || !host.matches("[0-9.]+")) {
      return host;
    }
    long value = 0;
    for (int i = 0; i < parts.length; i++) {
      int bits = i < parts.length - 1 ? BITS : BITS * (PARTS + 1 - parts.length);
      if (parts[i].isEmpty() || parts[i].length() > MOST_DIGITS) {
        return host;
      }
      long part = Long.parseLong(parts[i]);
      if (part >= 1L << bits) {
        return host;
      }
      value = value << bits | part;
    }
    return "%d.%d.%d.%d"
        .formatted(value >> 24, value >> 16 & 0xff, value >> 8 & 0xff, value & 0xff);
  }
}
