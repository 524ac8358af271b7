package io.everpool.postgresql.socket;

import java.io.IOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * Waits until a non-blocking channel is ready. Used by one thread at a time, save {@link #close()},
 * which wakes that thread.
 *
 * <p>An interrupt neither ends the wait nor harms the channel; the thread finds it pending
 * afterwards. That is the point of this class: the JDK's blocking channels close themselves when
 * their thread is interrupted, and with the channel would go the connection, where a plain {@code
 * java.net.Socket} under pgjdbc goes on.
 */
final class Readiness {
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final SocketChannel channel;
  private volatile @Nullable Selector selector;
  private @Nullable SelectionKey key;
  private volatile boolean closed;

  Readiness(SocketChannel channel) {
    this.channel = channel;
  }

  /**
   * Waits for one of the {@link SelectionKey} operations.
   *
   * <p>A selector may return though neither is the channel ready nor the time over: an interrupt
   * wakes it, and one that comes when the answer has just come leaves the wake-up to the next wait,
   * which is perhaps another borrower's, whom nobody has interrupted. So the time that has passed
   * is told by the clock and by nothing else.
   *
   * @param millis how long at the most; 0 for no limit
   * @return false if that time has passed
   * @throws ClosedChannelException if this or the channel is closed, be it meanwhile
   */
  boolean await(int operation, long millis) throws IOException {
    boolean interrupted = false;
    long until = millis == 0 ? 0 : System.nanoTime() + millis * NANOS_PER_MILLI;
    long left = millis;
    try {
      Selector waiting = prepare(operation);
      for (; ; ) {
        if (waiting.select(ready -> {}, left) > 0) {
          return true;
        }
        if (closed || !channel.isOpen()) {
          throw new ClosedChannelException();
        }
        interrupted |= Thread.interrupted(); // select would go on returning for that
        if (millis > 0) {
          left = (until - System.nanoTime() + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI;
          if (left <= 0) {
            return false;
          }
        }
      }
    } catch (ClosedSelectorException | CancelledKeyException e) {
      throw closed(e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private Selector prepare(int operation) throws IOException {
    Selector known = selector;
    if (known == null) {
      known = Selector.open();
      try {
        key = channel.register(known, operation);
      } catch (IOException | RuntimeException e) {
        known.close();
        throw e;
      }
      selector = known;
      // A close that came before the line above saw no selector; it had set its flag before
      if (closed || !channel.isOpen()) {
        known.close();
        throw new ClosedChannelException();
      }
    } else if (key != null && key.isValid() && key.interestOps() != operation) {
      key.interestOps(operation);
    }
    return known;
  }

  /** Wakes the waiting thread, and nobody waits by this again; from any thread. */
  void close() throws IOException {
    closed = true;
    Selector known = selector;
    if (known != null) {
      // also gives the channel's descriptor back, which waits for the last selector that knows it
      known.close();
    }
  }

  private static ClosedChannelException closed(RuntimeException cause) {
    ClosedChannelException closed = new ClosedChannelException();
    closed.initCause(cause);
    return closed;
  }
}
