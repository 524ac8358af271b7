package io.everpool.postgresql.socket;

import io.everpool.api.driver.Look;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.function.BooleanSupplier;

/**
 * The bytes to and from a server, over a channel that never blocks, so that one read tells whether
 * the peer has closed it.
 *
 * <p>Reading, writing and looking are for one thread at a time, as pgjdbc does it under a lock of
 * its own; {@link #close()} is for any. Every wait ends at the socket timeout, as {@code
 * SO_TIMEOUT} has it, and no later than the deadline. Other than with a plain socket the timeout
 * holds for a write that makes no progress too: a server that takes nothing is as dead as one that
 * says nothing. And once one has timed out no other waits, until something is read or a timeout is
 * set anew: the JDK's TLS socket, when it is closed, would wait as long again for the peer to take
 * its goodbye, and again for the peer's. Unless no answer was owed: what nobody has promised, a
 * notification say, may be waited for in vain again and again.
 */
final class Wire {
  /** The JDK copies through a direct buffer as large as the transfer and keeps it per thread. */
  private static final int LARGEST_TRANSFER = 64 * 1024;

  /** Room for a farewell, so that the end of the stream behind it is found; TLS makes it larger. */
  private static final int LONGEST_LOOK = 1024;

  private static final long NANOS_PER_MILLI = 1_000_000;

  private final SocketChannel channel;
  private final BooleanSupplier answerOwed;
  private final Readiness readable;
  private final Readiness writable;

  /** What a look has read; between position and limit are the bytes for the next read. */
  private final ByteBuffer seen = ByteBuffer.allocateDirect(LONGEST_LOOK).limit(0);

  /**
   * Whether something was written since the last read, so that an answer counts as one though
   * nobody had to wait for it. Where threads outnumber the processors the server has often answered
   * by the time the thread comes to read: then a read costs less than a wait that ends at once.
   */
  private boolean asked;

  /**
   * A wait for an answer, or for the peer to take something, has timed out, and nothing was read
   * since. pgjdbc gives the connection up then, and what is read or written now is its goodbye, for
   * which nobody waits. Setting a timeout ends that.
   */
  private volatile boolean overdue;

  /**
   * As {@link #waits()}, for each direction; only the thread in the driver writes them. An answer
   * that was there at once counts as a wait that has ended.
   */
  private volatile long waitsToRead;

  private volatile long waitsToWrite;

  private volatile int timeoutMillis;
  private volatile boolean bounded;
  private volatile long deadline;

  /** Reading and writing fail as on a closed socket, though the channel is open; see sever(). */
  private volatile boolean severed;

  /**
   * Takes over a channel that isn't connected yet.
   *
   * @param answerOwed whether the peer has something to answer; asked by the thread that reads
   */
  Wire(SocketChannel channel, BooleanSupplier answerOwed) throws IOException {
    this.channel = channel;
    this.answerOwed = answerOwed;
    this.readable = new Readiness(channel);
    this.writable = new Readiness(channel);
    channel.configureBlocking(false);
  }

  /** As {@code SO_TIMEOUT}: longest wait for progress in milliseconds; 0 for no limit. */
  void timeoutMillis(int value) {
    overdue = false; // before a wait for notifications, which may be in vain
    timeoutMillis = value;
  }

  int timeoutMillis() {
    return timeoutMillis;
  }

  /** No wait lasts beyond this moment of {@link System#nanoTime()}. */
  void deadline(long nanos) {
    deadline = nanos;
    bounded = true;
  }

  void noDeadline() {
    bounded = false;
  }

  /**
   * Connects.
   *
   * @param limitMillis how long it may take; 0 for no limit but the deadline
   */
  void connect(InetSocketAddress address, int limitMillis) throws IOException {
    if (address.isUnresolved()) {
      throw new UnknownHostException(address.getHostString());
    }
    try {
      if (!channel.connect(address)) {
        await(readable, SelectionKey.OP_CONNECT, limitMillis, "Connect timed out");
        channel.finishConnect();
      }
    } catch (IOException e) {
      throw asFromAPlainSocket(e);
    }
  }

  /** Reads as {@link java.io.InputStream#read(byte[], int, int)} does. */
  int read(byte[] to, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (seen.hasRemaining()) {
      int take = Math.min(length, seen.remaining());
      seen.get(to, offset, take);
      overdue = false;
      return take;
    }
    ByteBuffer target = ByteBuffer.wrap(to, offset, Math.min(length, LARGEST_TRANSFER));
    try {
      boolean unawaited = asked;
      asked = false;
      for (; ; ) {
        refuseSevered();
        int read = channel.read(target);
        if (read != 0) {
          overdue = false;
          if (unawaited) {
            long waits = waitsToRead;
            waitsToRead = waits + 2;
          }
          return read;
        }
        if (overdue) {
          throw new SocketTimeoutException("Read timed out before");
        }
        awaitInput();
        unawaited = false;
      }
    } catch (IOException e) {
      throw asFromAPlainSocket(e);
    }
  }

  private void awaitInput() throws IOException {
    long begun = waitsToRead + 1;
    waitsToRead = begun;
    try {
      await(readable, SelectionKey.OP_READ, timeoutMillis, "Read timed out");
    } finally {
      waitsToRead = begun + 1;
    }
  }

  private void awaitRoom() throws IOException {
    long begun = waitsToWrite + 1;
    waitsToWrite = begun;
    try {
      await(writable, SelectionKey.OP_WRITE, timeoutMillis, "Write timed out");
    } finally {
      waitsToWrite = begun + 1;
    }
  }

  /** Twice the waits that have ended, whichever way; odd while one is under way. */
  long waits() {
    long in = waitsToRead;
    long out = waitsToWrite;
    return in / 2 * 2 + out / 2 * 2 + ((in | out) & 1);
  }

  /** Whether somebody waits for the peer to take what is written. */
  boolean waitsToWrite() {
    return waitsToWrite % 2 == 1;
  }

  /** Writes all of it. */
  void write(byte[] from, int offset, int length) throws IOException {
    int end = offset + length;
    asked = true;
    try {
      for (int at = offset; at < end; ) {
        refuseSevered();
        ByteBuffer source = ByteBuffer.wrap(from, at, Math.min(end - at, LARGEST_TRANSFER));
        int written = channel.write(source);
        if (written == 0) {
          if (overdue) {
            throw new SocketTimeoutException("Write timed out before");
          }
          awaitRoom();
        }
        at += written;
      }
    } catch (IOException e) {
      throw asFromAPlainSocket(e);
    }
  }

  /** How much a look has put aside for the next read. */
  int seen() {
    return seen.remaining();
  }

  /**
   * Looks whether the peer has closed, without waiting and without sending a byte. What is there to
   * be read is kept for the next {@link #read}; if the end of the stream follows it, the connection
   * is dead, for these are its last words.
   */
  Look look() {
    boolean waiting = seen.hasRemaining();
    try {
      if (waiting) {
        seen.compact();
      } else {
        seen.clear();
      }
      try {
        while (seen.hasRemaining()) {
          int read = channel.read(seen);
          if (read < 0) {
            return Look.DEAD;
          }
          if (read == 0) {
            break;
          }
          waiting = true;
        }
      } finally {
        seen.flip();
      }
    } catch (IOException e) {
      return Look.DEAD;
    }
    return waiting ? Look.UNSURE : Look.ALIVE;
  }

  /** What has come and wasn't read yet, as far as a {@link #look()} goes; it stays to be read. */
  byte[] ahead() {
    look();
    byte[] copy = new byte[seen.remaining()];
    seen.get(seen.position(), copy);
    return copy;
  }

  private void refuseSevered() throws ClosedChannelException {
    if (severed) {
      throw new ClosedChannelException();
    }
  }

  /**
   * Closes at once and wakes the thread that waits; harmless if it is closed. Never waits for the
   * peer. A severed wire is left to the one who has severed it, who must {@link #cut()} it.
   */
  void close() throws IOException {
    if (!severed) {
      cut();
    }
  }

  /** Closes at once, severed or not. */
  void cut() throws IOException {
    try {
      channel.close();
    } finally {
      wake();
    }
  }

  private void wake() throws IOException {
    try {
      readable.close();
    } finally {
      writable.close();
    }
  }

  /**
   * Makes reading and writing fail from now on, as after {@link #close()}, but leaves the
   * connection open for the peer, so that what the peer does can be cancelled first. {@link #cut()}
   * must follow.
   */
  void sever() throws IOException {
    severed = true;
    wake();
  }

  boolean isSevered() {
    return severed;
  }

  /**
   * On a severed wire: tells the peer that nothing more will come, and waits until it has closed
   * its end as well. What it still sends is thrown away.
   *
   * @param until of {@link System#nanoTime()}; no longer than this
   */
  void awaitEnd(long until) throws IOException {
    Readiness rest = new Readiness(channel);
    try {
      channel.shutdownOutput();
      ByteBuffer nobodys = ByteBuffer.allocate(LARGEST_TRANSFER);
      for (long left; (left = (until - System.nanoTime()) / NANOS_PER_MILLI) > 0; ) {
        int read = channel.read(nobodys.clear());
        if (read < 0 || (read == 0 && !rest.await(SelectionKey.OP_READ, left))) {
          return;
        }
      }
    } finally {
      rest.close();
    }
  }

  /**
   * The rules for failures, and users, know the exceptions of plain sockets, not those of channels.
   */
  private static IOException asFromAPlainSocket(IOException e) {
    if (e instanceof SocketException
        || e instanceof SocketTimeoutException
        || e instanceof DeadlineException) {
      return e;
    }
    SocketException plain =
        e instanceof ClosedChannelException
            ? new SocketClosedException()
            : new SocketException(e.getMessage());
    plain.initCause(e);
    return plain;
  }

  private void await(Readiness readiness, int operation, int limitMillis, String timedOut)
      throws IOException {
    long millis = limitMillis;
    boolean deadlineFirst = false;
    if (bounded) {
      long left = (deadline - System.nanoTime()) / NANOS_PER_MILLI;
      if (left <= 0) {
        throw new DeadlineException();
      }
      deadlineFirst = limitMillis == 0 || left < limitMillis;
      millis = deadlineFirst ? left : limitMillis;
    }
    if (!readiness.await(operation, millis)) {
      if (deadlineFirst) {
        throw new DeadlineException();
      }
      overdue = operation != SelectionKey.OP_READ || answerOwed.getAsBoolean();
      throw new SocketTimeoutException(timedOut);
    }
  }
}
