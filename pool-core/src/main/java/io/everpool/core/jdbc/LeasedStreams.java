package io.everpool.core.jdbc;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.FilterReader;
import java.io.FilterWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.io.Writer;
import org.jspecify.annotations.Nullable;

/**
 * Streams that a driver gives out and that may fetch from, or send to, the server while they are
 * used. They end with the lease: closing them then does nothing, all else throws.
 */
final class LeasedStreams {

  private LeasedStreams() {}

  /** The lease that a stream belongs to. */
  private record Lease(PooledConnection connection, @Nullable Session session) {
    static Lease of(PooledConnection connection) {
      return new Lease(connection, connection.session());
    }

    boolean isOver() {
      return session == null || connection.session() != session;
    }

    void check() throws IOException {
      if (isOver()) {
        throw new IOException("The connection of this stream is closed", PooledConnection.closed());
      }
    }
  }

  static final class Input extends FilterInputStream {
    private final Lease lease;

    Input(PooledConnection home, InputStream bare) {
      super(bare);
      lease = Lease.of(home);
    }

    @Override
    public int read() throws IOException {
      lease.check();
      return super.read();
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      lease.check();
      return super.read(to, offset, length);
    }

    @Override
    public long skip(long count) throws IOException {
      lease.check();
      return super.skip(count);
    }

    @Override
    public int available() throws IOException {
      lease.check();
      return super.available();
    }

    @Override
    @SuppressWarnings("UnsynchronizedOverridesSynchronized") // one thread at a time uses it
    public void reset() throws IOException {
      lease.check();
      super.reset();
    }

    @Override
    public void close() throws IOException {
      if (!lease.isOver()) {
        super.close();
      }
    }
  }

  static final class Output extends FilterOutputStream {
    private final Lease lease;

    Output(PooledConnection home, OutputStream bare) {
      super(bare);
      lease = Lease.of(home);
    }

    @Override
    public void write(int value) throws IOException {
      lease.check();
      out.write(value);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      lease.check();
      out.write(from, offset, length);
    }

    @Override
    public void flush() throws IOException {
      lease.check();
      out.flush();
    }

    @Override
    public void close() throws IOException {
      if (!lease.isOver()) {
        super.close();
      }
    }
  }

  static final class TextInput extends FilterReader {
    private final Lease lease;

    TextInput(PooledConnection home, Reader bare) {
      super(bare);
      lease = Lease.of(home);
    }

    @Override
    public int read() throws IOException {
      lease.check();
      return super.read();
    }

    @Override
    public int read(char[] to, int offset, int length) throws IOException {
      lease.check();
      return super.read(to, offset, length);
    }

    @Override
    public long skip(long count) throws IOException {
      lease.check();
      return super.skip(count);
    }

    @Override
    public boolean ready() throws IOException {
      lease.check();
      return super.ready();
    }

    @Override
    public void reset() throws IOException {
      lease.check();
      super.reset();
    }

    @Override
    public void close() throws IOException {
      if (!lease.isOver()) {
        super.close();
      }
    }
  }

  static final class TextOutput extends FilterWriter {
    private final Lease lease;

    TextOutput(PooledConnection home, Writer bare) {
      super(bare);
      lease = Lease.of(home);
    }

    @Override
    public void write(int value) throws IOException {
      lease.check();
      super.write(value);
    }

    @Override
    public void write(char[] from, int offset, int length) throws IOException {
      lease.check();
      super.write(from, offset, length);
    }

    @Override
    public void write(String from, int offset, int length) throws IOException {
      lease.check();
      super.write(from, offset, length);
    }

    @Override
    public void flush() throws IOException {
      lease.check();
      super.flush();
    }

    @Override
    public void close() throws IOException {
      if (!lease.isOver()) {
        super.close();
      }
    }
  }
}
