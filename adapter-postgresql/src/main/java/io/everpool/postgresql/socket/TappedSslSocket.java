package io.everpool.postgresql.socket;

import io.everpool.postgresql.protocol.ProtocolTap;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.postgresql.ssl.LibPQFactory;
import org.postgresql.util.PSQLException;

/** A TLS socket of someone else's making, whose streams above the encryption are read along. */
final class TappedSslSocket extends ForwardingSslSocket {
  private final ProtocolTap tap;
  private final @Nullable LibPQFactory maker;

  /**
   * @param maker the factory that made it, if that is one of pgjdbc's kind
   */
  TappedSslSocket(SSLSocket tls, ProtocolTap tap, @Nullable LibPQFactory maker) {
    super(tls);
    this.tap = tap;
    this.maker = maker;
  }

  @Override
  public InputStream getInputStream() throws IOException {
    return TappedStreams.input(tls.getInputStream(), tap);
  }

  @Override
  public OutputStream getOutputStream() throws IOException {
    return TappedStreams.output(tls.getOutputStream(), tap);
  }

  /** Also asks a factory behind {@link TappedSslFactory} for its key's trouble, as pgjdbc would. */
  @Override
  public void startHandshake() throws IOException {
    tls.startHandshake();
    if (maker != null) {
      try {
        maker.throwKeyManagerException();
      } catch (PSQLException e) {
        throw new IOException(e.getMessage(), e);
      }
    }
  }
}
