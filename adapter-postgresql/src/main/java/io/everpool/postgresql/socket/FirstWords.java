package io.everpool.postgresql.socket;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketException;
import javax.net.ssl.SSLException;

/**
 * The streams of a TLS socket on which a client's certificate was shown, until the server has said
 * anything. By TLS 1.3 the server judges the certificate when the handshake is over for the client:
 * the client's first words may meet a connection that was closed for the sake of its certificate,
 * and all that it is told is that. The alert that says why came before the end, and is read here.
 */
final class FirstWords {
  private final InputStream in;
  private final OutputStream out;
  private volatile boolean heard;

  FirstWords(InputStream in, OutputStream out) {
    this.in = in;
    this.out = out;
  }

  InputStream input() {
    return new FilterInputStream(in) {
      @Override
      public int read() throws IOException {
        int one = in.read();
        heard |= one >= 0;
        return one;
      }

      @Override
      public int read(byte[] to, int offset, int length) throws IOException {
        int read = in.read(to, offset, length);
        heard |= read > 0;
        return read;
      }
    };
  }

  OutputStream output() {
    return new FilterOutputStream(out) {
      @Override
      public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
      }

      @Override
      public void write(byte[] from, int offset, int length) throws IOException {
        try {
          out.write(from, offset, length);
        } catch (IOException e) {
          throw heard ? e : alertBehind(e);
        }
      }

      /** As the socket's own: FilterOutputStream would flush first, and wait. */
      @Override
      public void close() throws IOException {
        out.close();
      }
    };
  }

  /** The peer is gone, so that the reading never waits. */
  private IOException alertBehind(IOException failure) {
    if (!(failure instanceof SocketException) || failure instanceof SocketClosedException) {
      return failure;
    }
    try {
      int none = in.read();
      return none < 0 ? failure : new IOException("an answer before the question", failure);
    } catch (SSLException alert) {
      alert.addSuppressed(failure);
      return alert;
    } catch (IOException again) {
      return failure;
    }
  }
}
