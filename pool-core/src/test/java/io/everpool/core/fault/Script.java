package io.everpool.core.fault;

import io.everpool.core.Await;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Counts the calls of somebody else's code while it is watched, and has the n-th call of one method
 * misbehave.
 */
public final class Script {
  /** Where a call hangs until it is told, whatever the time; by this a {@link Theatre} knows it. */
  static final class Gate {
    private volatile boolean open;
  }

  private final Map<String, Integer> calls = new TreeMap<>();
  private final Gate gate = new Gate();
  private boolean watching;
  private @Nullable String method;
  private int countdown;
  private Fault fault = Fault.CALLERS_MISTAKE;
  private boolean struck;
  private @Nullable Throwable thrown;
  private volatile @Nullable Thread hanging;

  /** From now on the n-th call of the method misbehaves; counted from 1. */
  synchronized void arm(String name, int n, Fault value) {
    method = name;
    countdown = n;
    fault = value;
  }

  synchronized void watch(boolean value) {
    watching = value;
  }

  /** How often each method was called while it was watched. */
  synchronized Map<String, Integer> calls() {
    return new TreeMap<>(calls);
  }

  /** Whether the fault has come to pass. */
  synchronized boolean struck() {
    return struck;
  }

  /** What was thrown by the call that has misbehaved; null if nothing was. */
  synchronized @Nullable Throwable thrown() {
    return thrown;
  }

  /** Has the call that hangs return, and waits until its thread has heard it. */
  void tell() {
    gate.open = true;
    LockSupport.unpark(hanging);
    Await.until(() -> hanging == null, "the call that hung to return");
  }

  /** The thread that hangs in a call; null if none does. */
  @Nullable Thread hanging() {
    return hanging;
  }

  /**
   * Somebody else's method is called. Returns what it throws, {@link Fault#NULL} if it answers null
   * instead, and null if it does what it should.
   */
  @Nullable Throwable called(String name) {
    synchronized (this) {
      if (!watching) {
        return null;
      }
      calls.merge(name, 1, Integer::sum);
      if (!name.equals(method) || --countdown != 0) {
        return null;
      }
      struck = true;
      if (fault == Fault.ANSWERS_NULL) {
        return Fault.NULL;
      }
      if (fault != Fault.HANGS) {
        thrown = fault.thrown();
        return thrown;
      }
    }
    hang();
    return null;
  }

  private void hang() {
    hanging = Thread.currentThread();
    boolean interrupted = false;
    while (!gate.open) { // who opens it does so first, and then wakes whom he finds hanging
      LockSupport.park(gate);
      interrupted |= Thread.interrupted();
    }
    hanging = null;
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
