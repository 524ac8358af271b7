package io.everpool.postgresql.socket;

import java.io.IOException;
import java.net.SocketOption;
import java.nio.channels.SocketChannel;

/**
 * When the kernel asks a silent peer whether it is still there, and when it gives up. Whether it
 * asks at all is pgjdbc's {@code tcpKeepAlive}.
 *
 * <p>Works where the JDK knows the options of {@code jdk.net.ExtendedSocketOptions} (Linux, macOS,
 * Windows from JDK 21 or so). They are found by name, so that a run-time image without the module
 * {@code jdk.net} does without them. {@code TCP_USER_TIMEOUT} isn't among them: what bounds the
 * wait for an acknowledgement of data already sent is pgjdbc's {@code socketTimeout}.
 *
 * @param idleSeconds silence after which the first question is asked
 * @param intervalSeconds between two questions
 * @param count questions without an answer after which the connection is dead
 */
public record KeepAlive(int idleSeconds, int intervalSeconds, int count) {

  /** A peer that vanishes from an idle connection is missed after a minute. */
  public static final KeepAlive DEFAULT = new KeepAlive(30, 10, 3);

  /** The longest silence or interval that Linux takes: MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL. */
  public static final int MOST_SECONDS = 32_767;

  /** The most questions: MAX_TCP_KEEPCNT. */
  public static final int MOST_QUESTIONS = 127;

  public KeepAlive withIdleSeconds(int value) {
    return new KeepAlive(value, intervalSeconds, count);
  }

  public KeepAlive withIntervalSeconds(int value) {
    return new KeepAlive(idleSeconds, value, count);
  }

  public KeepAlive withCount(int value) {
    return new KeepAlive(idleSeconds, intervalSeconds, value);
  }

  void apply(SocketChannel channel) throws IOException {
    set(channel, "TCP_KEEPIDLE", idleSeconds);
    set(channel, "TCP_KEEPINTERVAL", intervalSeconds);
    set(channel, "TCP_KEEPCOUNT", count);
  }

  private static void set(SocketChannel channel, String name, int value) throws IOException {
    for (SocketOption<?> option : channel.supportedOptions()) {
      if (value > 0 && option.name().equals(name) && option.type() == Integer.class) {
        @SuppressWarnings("unchecked") // its type was looked at
        SocketOption<Integer> number = (SocketOption<Integer>) option;
        channel.setOption(number, value);
      }
    }
  }
}
