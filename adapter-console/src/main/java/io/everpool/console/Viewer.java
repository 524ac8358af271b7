package io.everpool.console;

import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A page that is open somewhere. The thread of the page's own request writes what the page is sent.
 * That thread may hang while it writes, which delays nobody else; the page is cut when too much is
 * waiting for it.
 */
final class Viewer {
  private static final int MOST_UNSENT = 16;
  private static final byte[] END = {};

  private final @Nullable String pool;
  private final BlockingQueue<byte[]> unsent = new ArrayBlockingQueue<>(MOST_UNSENT);

  private final ReentrantLock lock = new ReentrantLock();

  /**
   * The thread that writes just now, and may be interrupted; guarded by the lock, as {@link #cut}
   * is.
   */
  private @Nullable Thread writer;

  private boolean cut;

  // ---- how much the page knows; only the ticker uses these
  @Nullable WatchedPool known;
  long change;
  long second;
  long advised;

  /**
   * @param pool the id of the pool that the page shows; null for the first pool
   */
  Viewer(@Nullable String pool) {
    this.pool = pool;
  }

  /** The id of the pool that the page shows; null for the first pool. */
  @Nullable String pool() {
    return pool;
  }

  /** Has a frame written soon. Doesn't wait. */
  void send(byte[] frame) {
    if (!unsent.offer(frame)) {
      cut();
    }
  }

  /** Ends the page when all that it was sent is written. */
  void end() {
    send(END);
  }

  /** Makes the page's thread leave it at once. */
  void cut() {
    lock.lock();
    try {
      cut = true;
      if (writer != null) {
        writer.interrupt(); // this closes the channel at which the thread hangs
      }
    } finally {
      lock.unlock();
    }
  }

  /** Writes what is sent, until the page ends, is cut, or nobody reads any more. */
  void writeTo(OutputStream out) throws IOException {
    if (!begin()) {
      return;
    }
    try {
      // A servlet container may swallow the interrupt of a cut, and go on with a write. So the loop
      // asks each time.
      for (byte[] frame; !wasCut() && (frame = unsent.take()) != END; ) {
        out.write(frame);
        out.flush();
      }
    } catch (InterruptedException e) {
      if (!wasCut()) {
        Thread.currentThread().interrupt(); // it wasn't a cut: the server ends
      }
    } finally {
      done();
    }
  }

  private boolean begin() {
    lock.lock();
    try {
      writer = cut ? null : Thread.currentThread();
      return !cut;
    } finally {
      lock.unlock();
    }
  }

  private void done() {
    lock.lock();
    try {
      writer = null;
      if (cut) {
        // the interrupt was for this request, and not for the thread's next one
        Thread.interrupted();
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean wasCut() {
    lock.lock();
    try {
      return cut;
    } finally {
      lock.unlock();
    }
  }
}
