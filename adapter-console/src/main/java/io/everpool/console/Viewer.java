package io.everpool.console;

import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A page that is open somewhere. What it is sent is written by the thread of its own request, which
 * may hang at that: it keeps nobody up, and is cut when too much has heaped up for it.
 */
final class Viewer {
  private static final int MOST_UNSENT = 16;
  private static final byte[] END = {};

  private final @Nullable String pool;
  private final BlockingQueue<byte[]> unsent = new ArrayBlockingQueue<>(MOST_UNSENT);

  private final ReentrantLock lock = new ReentrantLock();

  /** Who writes just now, and may be interrupted; guarded by the lock, as the next one is. */
  private @Nullable Thread writer;

  private boolean cut;

  // ---- how much it knows; used by the ticker alone
  @Nullable WatchedPool known;
  long change;
  long second;
  long advised;

  /**
   * @param pool the id of the one that it shows; null for the first
   */
  Viewer(@Nullable String pool) {
    this.pool = pool;
  }

  /** The id of the one that it shows; null for the first. */
  @Nullable String pool() {
    return pool;
  }

  /** Has it written soon. Doesn't wait. */
  void send(byte[] frame) {
    if (!unsent.offer(frame)) {
      cut();
    }
  }

  /** Ends when all is written. */
  void end() {
    send(END);
  }

  /** Has its thread leave it at once. */
  void cut() {
    lock.lock();
    try {
      cut = true;
      if (writer != null) {
        writer.interrupt(); // which closes the channel that it hangs at
      }
    } finally {
      lock.unlock();
    }
  }

  /** Writes what is sent until it ends, is cut, or nobody reads any more. */
  void writeTo(OutputStream out) throws IOException {
    if (!begin()) {
      return;
    }
    try {
      // a container may swallow the interrupt of a cut, and go on with a write
      for (byte[] frame; !wasCut() && (frame = unsent.take()) != END; ) {
        out.write(frame);
        out.flush();
      }
    } catch (InterruptedException e) {
      if (!wasCut()) {
        Thread.currentThread().interrupt(); // the server ends
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
        Thread.interrupted(); // was for this request, and not for the next of this thread
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
