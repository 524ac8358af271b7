package io.everpool.postgresql.protocol;

import io.everpool.api.driver.Effects;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads along with what passes on one stream, above its TLS, and interferes in two cases only: it
 * fails a COPY that may be but the rest of another, and it keeps back what could commit if the
 * server has ended the session already. What it doesn't understand makes it blind for good. It
 * begins with the stream and so always knows where a message begins.
 */
public final class ProtocolTap {
  private final Closeable connection;
  private final BooleanSupplier ended;
  private final ProtocolLog log = new ProtocolLog();
  private final BackendMessages received = new BackendMessages(log);
  private final FrontendMessages sent = new FrontendMessages(log, received);

  /** The first failure of a stream before the driver has returned its connection. */
  private @Nullable IOException failure;

  private boolean returned;

  /** Nothing is written any more: see {@link #sent}. */
  private boolean mute;

  /**
   * Of one connection.
   *
   * @param connection is closed where nothing more must be sent by it; without waiting
   * @param ended looks whether the server has ended the session already, without waiting and
   *     without sending a byte; asked by the thread that writes
   */
  public ProtocolTap(Closeable connection, BooleanSupplier ended) {
    this.connection = connection;
    this.ended = ended;
  }

  public ProtocolLog log() {
    return log;
  }

  /**
   * To be called before the bytes are written: what fails halfway may have arrived.
   *
   * <p>Bytes with which something may come to be there for good (a COMMIT, a write in autocommit)
   * are written only if the server hasn't ended the session by then: if it has, nobody could tell
   * afterwards what became of them. Leaving them out proves that nothing did. All that was sent
   * before them couldn't commit anything by itself, for that is asked first. They themselves, and
   * all that the driver writes later on, never leave this process, so the server never gets the
   * rest of the message that they belong to, nor anything behind a gap. The proof doesn't depend on
   * whether the session was over indeed. What the driver reads next is what the server has said
   * last, or the end of the stream, as if the bytes had been lost on the way; whoever reads the
   * stream for it must not wait for more ({@link #isMute}). If the end comes only after this look,
   * the bytes are written, and their outcome is as unknown as ever.
   *
   * @return whether to write them
   * @throws RestOfStreamException if they, and all that would follow, must not be written: the
   *     connection is closed
   */
  public boolean sent(byte[] buffer, int offset, int length) throws RestOfStreamException {
    if (mute) {
      return false;
    }
    if (!log.isLost() && !log.isRefused()) {
      boolean harmless = log.unanswered(true) == Effects.NONE;
      try {
        sent.walk(buffer, offset, offset + length);
      } catch (RuntimeException e) {
        log.lose();
      }
      // Queries don't count here: hardly any of them writes, and each would cost a look.
      if (harmless && log.unanswered(false) == Effects.IN_DOUBT && hasEnded()) {
        mute = true;
        log.keepBack();
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
    return !mute;
  }

  /** The driver may have the last words in its buffer, unread, behind the last answer. */
  private boolean hasEnded() {
    return log.isOver() || ended.getAsBoolean();
  }

  /**
   * Whether nothing is written any more: see {@link #sent}. Then a read that would wait must tell
   * the end of the stream. Asked by the thread that reads.
   */
  public boolean isMute() {
    return mute;
  }

  /** Whether these bytes, which come next, are the server's last words: see {@link Farewell}. */
  public boolean isFarewell(byte[] next) {
    return !log.isLost() && received.isFarewell(next);
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
