package io.everpool.postgresql.socket;

import io.everpool.postgresql.protocol.ProtocolTap;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.postgresql.ssl.LibPQFactory;
import org.postgresql.util.PSQLException;

/**
 * A TLS socket of someone else's making, whose streams above the encryption are read along, and
 * whose server is looked at once more.
 */
final class TappedSslSocket extends ForwardingSslSocket {
  private final @Nullable ProtocolTap tap;
  private final PeerCheck check;
  private final @Nullable LibPQFactory maker;

  /** The streams from the handshake on, if a client's certificate was shown in it. */
  private @Nullable FirstWords first;

  /**
   * @param tap what reads along; null if nothing does
   * @param check what of the server's certificate is checked again
   * @param maker the factory to ask whether the client's key could be read; null if pgjdbc asks it
   */
  TappedSslSocket(
      SSLSocket tls, @Nullable ProtocolTap tap, PeerCheck check, @Nullable LibPQFactory maker) {
    super(tls);
    this.tap = tap;
    this.check = check;
    this.maker = maker;
  }

  @Override
  public InputStream getInputStream() throws IOException {
    InputStream in = first == null ? tls.getInputStream() : first.input();
    return tap == null ? in : TappedStreams.input(in, tap);
  }

  @Override
  public OutputStream getOutputStream() throws IOException {
    OutputStream out = first == null ? tls.getOutputStream() : first.output();
    return tap == null ? out : TappedStreams.output(out, tap);
  }

  /**
   * Also has a factory behind {@link TappedSslFactory} throw what is wrong with the client's key.
   */
  @Override
  public void startHandshake() throws IOException {
    SSLSession session;
    try {
      tls.startHandshake();
      session = tls.getSession();
      check.check(session);
    } catch (IOException e) {
      if (tap != null) {
        tap.failed(e);
      }
      throw e;
    }
    if (session.getLocalCertificates() != null) {
      first = new FirstWords(tls.getInputStream(), tls.getOutputStream());
    }
    if (maker != null) {
      try {
        maker.throwKeyManagerException();
      } catch (PSQLException e) {
        throw new IOException(e.getMessage(), e);
      }
    }
  }
}
