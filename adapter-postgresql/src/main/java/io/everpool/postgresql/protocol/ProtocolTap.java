package io.everpool.postgresql.protocol;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import org.jspecify.annotations.Nullable;

/**
 * Reads along with what passes on one stream, above its TLS, and fails nobody but a COPY that may
 * be but the rest of another: what it doesn't understand makes it blind for good. It begins with
 * the stream and so always knows where a message begins.
 */
public final class ProtocolTap {
  private final Closeable connection;
  private final ProtocolLog log = new ProtocolLog();
  private final BackendMessages received = new BackendMessages(log);
  private final FrontendMessages sent = new FrontendMessages(log, received);

  /** The first failure of a stream before the driver has returned its connection. */
  private @Nullable IOException failure;

  private boolean returned;

  /**
   * Of one connection.
   *
   * @param connection is closed where nothing more must be sent by it; without waiting
   */
  public ProtocolTap(Closeable connection) {
    this.connection = connection;
  }

  public ProtocolLog log() {
    return log;
  }

  /**
   * To be called before the bytes are written: what fails halfway may have arrived.
   *
   * @throws RestOfStreamException if they, and all that would follow, must not be written: the
   *     connection is closed
   */
  public void sent(byte[] buffer, int offset, int length) throws RestOfStreamException {
    if (!log.isLost() && !log.isRefused()) {
      try {
        sent.walk(buffer, offset, offset + length);
      } catch (RuntimeException e) {
        log.lose();
      }
    }
    if (log.isRefused()) { // a driver keeps what it couldn't write, and tries again
      RestOfStreamException refusal = new RestOfStreamException();
      try {
        connection.close();
      } catch (IOException e) {
        refusal.addSuppressed(e);
      }
      throw refusal;
    }
  }

  /**
   * The driver is told that the connection failed. The failure isn't kept once the driver has
   * returned its connection, nor where nobody knows what passes.
   */
  public void failed(IOException told) {
    if (!(told instanceof InterruptedIOException)) { // after a time-out the session goes on
      log.end();
    }
    if (failure == null && !returned && !log.isLost()) {
      failure = told;
    }
  }

  /** The driver has returned its connection: its failures are for whoever uses it. */
  public void returned() {
    returned = true;
    failure = null;
  }

  /** How the connection has failed before the driver returned it; null if it has not. */
  public @Nullable IOException failure() {
    return failure;
  }

  /** What the driver has been given; a negative length is the end of the stream. */
  public void received(byte[] buffer, int offset, int length) {
    if (length < 0) {
      failed(new EOFException("The server has hung up"));
    }
    if (!log.isLost() && length > 0) {
      try {
        received.walk(buffer, offset, offset + length);
      } catch (RuntimeException e) {
        log.lose();
      }
    }
  }
}
