package io.everpool.servers;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/** What a proxy does to the bytes that flow one way. */
final class Valve {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition open = lock.newCondition();
  private final AtomicLong bytes = new AtomicLong();
  private boolean frozen;
  private volatile long delayNanos;

  void delay(Duration value) {
    delayNanos = value.toNanos();
  }

  void freeze() {
    lock.lock();
    try {
      frozen = true;
    } finally {
      lock.unlock();
    }
  }

  void thaw() {
    lock.lock();
    try {
      frozen = false;
      open.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Blocks for as long as this many bytes are held back. */
  void pass(int count) {
    long end = System.nanoTime() + delayNanos;
    for (long left; (left = end - System.nanoTime()) > 0; ) {
      LockSupport.parkNanos(left);
    }
    lock.lock();
    try {
      while (frozen) {
        open.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
    bytes.addAndGet(count);
  }

  long bytes() {
    return bytes.get();
  }
}
