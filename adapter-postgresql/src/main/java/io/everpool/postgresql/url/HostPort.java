package io.everpool.postgresql.url;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a server listens.
 *
 * @param host a name or an address; an IPv6 address stands without brackets
 * @param port 1 to 65535
 */
public record HostPort(String host, int port) {
  static final String DEFAULT_HOST = "localhost";
  static final int DEFAULT_PORT = 5432;

  /**
   * A character that no host has, such as the {@code @} in {@code secret@db}, which comes from a
   * password that contains one.
   */
  private static final Pattern ODD = Pattern.compile("[\\s/?#@,%\\[\\]\\\\&=;]");

  /** The host and the port as they stand in a URL. */
  @Override
  public String toString() {
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
  }

  /**
   * Takes hosts and ports apart as they stand in a URL: {@code a:1,b,[::1]:2}, with an IPv6 address
   * in brackets. For each place it adds one host and one port to the lists, an empty one where the
   * URL says none.
   */
  static void split(
      String authority, List<String> hosts, List<String> ports, List<String> problems) {
    for (String one : authority.split(",", -1)) {
      String which = "host number " + (hosts.size() + 1);
      int end = one.indexOf(':') < 0 ? one.length() : one.indexOf(':');
      String host = one.substring(0, end);
      if (one.startsWith("[")) {
        int bracket = one.indexOf(']');
        host = bracket < 0 ? "" : one.substring(1, bracket);
        end = bracket + 1;
        if (host.isEmpty() || !one.substring(end).matches("(?::[^:]*)?")) {
          problems.add(which + " of the URL: an IPv6 address is of the form [address]:port");
          host = "";
          end = one.length();
        }
      } else if (one.indexOf(':', end + 1) >= 0) {
        problems.add(which + " of the URL has several colons; put an IPv6 address in brackets");
        end = one.length();
      }
      hosts.add(host);
      ports.add(end < one.length() ? one.substring(end + 1) : "");
    }
  }

  /**
   * Pairs hosts with ports as libpq does: one port is for all of them, an empty one is the default.
   *
   * <p>A problem is described by its place in the list, never by the text: in a wrong URL the text
   * may be a piece of the password.
   */
  static List<HostPort> pair(List<String> hosts, List<String> ports, List<String> problems) {
    List<String> names = hosts.isEmpty() ? List.of("") : hosts;
    if (ports.size() > 1 && ports.size() != names.size()) {
      problems.add(
          "the URL has " + names.size() + " hosts and " + ports.size() + " ports; give one or all");
      return List.of();
    }
    List<HostPort> pairs = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      String which = names.size() == 1 ? "" : " number " + (i + 1);
      String name = checkedHost(names.get(i), which, problems);
      int port =
          ports.isEmpty()
              ? DEFAULT_PORT
              : checkedPort(ports.get(ports.size() == 1 ? 0 : i), which, problems);
      if (name != null && port > 0) {
        pairs.add(new HostPort(name, port));
      }
    }
    return pairs;
  }

  private static @Nullable String checkedHost(String host, String which, List<String> problems) {
    if (host.startsWith("/") || host.startsWith("@")) {
      problems.add(
          "host"
              + which
              + " is a Unix-domain socket; pgjdbc speaks TCP only: name a host, or set a"
              + " socketFactory of your own in a JDBC URL");
      return null;
    }
    if (ODD.matcher(host).find()) {
      problems.add("host" + which + " has a character that no host name has");
      return null;
    }
    if (host.indexOf(':') >= 0 && !isAddress(host)) {
      problems.add(
          "host"
              + which
              + " has a : in it and is no IPv6 address: a port stands in port, or behind the host of"
              + " a URL or of Npgsql's form");
      return null;
    }
    return host.isEmpty() ? DEFAULT_HOST : host;
  }

  /**
   * Whether the host is an IPv6 address. It is looked up in brackets, in which nothing but an
   * address is valid, so that no name service is asked.
   */
  private static boolean isAddress(String host) {
    try {
      return InetAddress.getByName("[" + host + "]").getHostAddress() != null;
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static int checkedPort(String port, String which, List<String> problems) {
    if (port.isEmpty()) {
      return DEFAULT_PORT;
    }
    int number = -1;
    if (port.length() <= 5 && port.chars().allMatch(c -> c >= '0' && c <= '9')) {
      number = Integer.parseInt(port);
    }
    if (number < 1 || number > 65_535) {
      problems.add("the port of host" + which + " isn't a number from 1 to 65535");
      return -1;
    }
    return number;
  }
}
