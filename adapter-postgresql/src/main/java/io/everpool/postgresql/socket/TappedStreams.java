package io.everpool.postgresql.socket;

import io.everpool.postgresql.protocol.ProtocolTap;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Streams that a {@link ProtocolTap} reads along. */
final class TappedStreams {
  private TappedStreams() {}

  static InputStream input(InputStream in, ProtocolTap tap) {
    return new Input(in, tap);
  }

  static OutputStream output(OutputStream out, ProtocolTap tap) {
    return new Output(out, tap);
  }

  private static final class Input extends FilterInputStream {
    private final ProtocolTap tap;

    Input(InputStream in, ProtocolTap tap) {
      super(in);
      this.tap = tap;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      int read;
      try {
        read = in.read(to, offset, length);
      } catch (IOException e) {
        tap.failed(e);
        throw e;
      }
      tap.received(to, offset, read);
      return read;
    }

    /** What is passed over has come, too. */
    @Override
    public long skip(long count) throws IOException {
      byte[] skipped = new byte[(int) Math.max(0, Math.min(count, 8192))];
      return Math.max(0, read(skipped, 0, skipped.length));
    }

    @Override
    public boolean markSupported() {
      return false;
    }
  }

  private static final class Output extends FilterOutputStream {
    private final ProtocolTap tap;

    Output(OutputStream out, ProtocolTap tap) {
      super(out);
      this.tap = tap;
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      if (!tap.sent(from, offset, length)) {
        return;
      }
      try {
        out.write(from, offset, length);
      } catch (IOException e) {
        tap.failed(e);
        throw e;
      }
    }

    /** As the socket's own: FilterOutputStream would flush first, and wait. */
    @Override
    public void close() throws IOException {
      out.close();
    }
  }
}
