package io.everpool.servers;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A port on which nobody listens, kept for one test until {@link #close()} or the end of the JVM.
 *
 * <p>A port that is merely seen to be free may be another's a moment later: the kernel gives it to
 * the next outgoing connection, or another test run sees the same. So these ports are below those
 * of outgoing connections, and whoever has one holds the UDP port of the same number, which nobody
 * here needs: a lock between processes that goes with its holder.
 */
public final class Port implements AutoCloseable {
  private static final int FIRST = 10_000;

  /** From here on Linux gives them to outgoing connections (ip_local_port_range). */
  private static final int OUTGOING = 32_768;

  private static final int ATTEMPTS = 1_000;

  private final DatagramSocket claim;
  private final int number;

  private Port(DatagramSocket claim) {
    this.claim = claim;
    this.number = claim.getLocalPort();
  }

  /** Takes one. */
  public static Port claim() {
    for (int i = 0; i < ATTEMPTS; i++) {
      int number = ThreadLocalRandom.current().nextInt(FIRST, OUTGOING);
      DatagramSocket claim = claimed(number);
      if (claim != null) {
        if (free(number)) {
          return new Port(claim);
        }
        claim.close();
      }
    }
    throw new IllegalStateException("no port is free");
  }

  private static @Nullable DatagramSocket claimed(int number) {
    try {
      return new DatagramSocket(number, InetAddress.getLoopbackAddress());
    } catch (SocketException taken) {
      return null;
    }
  }

  private static boolean free(int number) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), number));
      return true;
    } catch (IOException taken) {
      return false;
    }
  }

  public int number() {
    return number;
  }

  /** Others may have it. */
  @Override
  public void close() {
    claim.close();
  }
}
