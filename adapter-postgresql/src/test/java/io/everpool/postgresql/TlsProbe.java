package io.everpool.postgresql;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * Opens connections in a JVM of its own, for what a JVM has once: its trusted roots, and the hosts
 * that it knows.
 */
public final class TlsProbe {
  private TlsProbe() {}

  /** A line for each URL: the version of TLS, or the failure. */
  public static void main(String[] urls) {
    for (String url : urls) {
      System.out.println("> " + outcome(url));
    }
  }

  private static String outcome(String url) {
    try {
      return TlsSessions.version(url);
    } catch (SQLException e) {
      return String.valueOf(e.getMessage()).replace('\n', ' ');
    }
  }

  /**
   * The lines of {@link #main} in a JVM that knows these hosts and no others.
   *
   * @param options of the JVM
   */
  static List<String> run(Path hosts, List<String> options, List<String> urls)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.add("-Djdk.net.hosts.file=" + hosts);
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), TlsProbe.class.getName()));
    command.addAll(urls);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException(output);
    }
    return output.lines().filter(line -> line.startsWith("> ")).map(l -> l.substring(2)).toList();
  }

  /** A file of hosts that are all this machine. */
  static Path hosts(Path directory, String... names) throws IOException {
    String address = InetAddress.getByAddress(new byte[] {127, 0, 0, 1}).getHostAddress();
    return Files.writeString(
        directory.resolve("hosts"), address + " " + String.join(" ", names) + "\n");
  }
}
