package io.everpool.postgresql.protocol;

/**
 * Reads along with what passes on one stream, above its TLS, and fails nobody but a COPY that may
 * be but the rest of another: what it doesn't understand makes it blind for good. It begins with
 * the stream and so always knows where a message begins.
 */
public final class ProtocolTap {
  private final ProtocolLog log = new ProtocolLog();
  private final BackendMessages received = new BackendMessages(log);
  private final FrontendMessages sent = new FrontendMessages(log, received);

  public ProtocolLog log() {
    return log;
  }

  /**
   * To be called before the bytes are written: what fails halfway may have arrived.
   *
   * @throws RestOfStreamException if they, and all that would follow, must not be written; whoever
   *     writes has to close the connection
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
      throw new RestOfStreamException();
    }
  }

  /** What the driver has been given. */
  public void received(byte[] buffer, int offset, int length) {
    if (!log.isLost() && length > 0) {
      try {
        received.walk(buffer, offset, offset + length);
      } catch (RuntimeException e) {
        log.lose();
      }
    }
  }
}
