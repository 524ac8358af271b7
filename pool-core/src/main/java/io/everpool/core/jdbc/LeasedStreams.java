package io.everpool.core.jdbc;

import io.everpool.api.driver.Causes;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.FilterReader;
import java.io.FilterWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.sql.SQLException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Streams that a driver gives out and that may fetch from, or send to, the server while they are
 * used. They end with the lease: closing them then does nothing, all else throws (a mark only where
 * it may throw).
 */
final class LeasedStreams {

  private LeasedStreams() {}

  /** A call of a stream. */
  @FunctionalInterface
  private interface Call {
    /** Returns what the stream returns, if that is a number. */
    long run() throws IOException;
  }

  /** The lease that a stream belongs to. */
  private record Lease(PooledConnection connection, @Nullable Session session) {
    static Lease of(PooledConnection connection) {
      return new Lease(connection, connection.session());
    }

    boolean isOver() {
      return session == null || connection.session() != session;
    }

    /**
     * Makes a call of the driver's stream. Its failures mean what those of any other call mean, and
     * are thrown as they are. What no stream can do has to be refused before, for that is the
     * program's mistake and costs no connection.
     */
    long call(Call call) throws IOException {
      if (isOver()) {
        throw new IOException("The connection of this stream is closed", PooledConnection.closed());
      }
      try {
        return call.run();
      } catch (IOException e) {
        if (!isOver()) {
          SQLException cause = Causes.first(e, SQLException.class);
          connection.failed(cause == null ? new SQLException(e) : cause);
        }
        throw e;
      } catch (Throwable e) {
        if (!isOver()) {
          connection.broken(e);
        }
        throw e;
      }
    }

    /** As {@link #call}, for what does nothing once the lease is over. */
    void callOrNot(Call call) throws IOException {
      if (!isOver()) {
        call(call);
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
      return (int) lease.call(() -> super.read());
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, to.length);
      return (int) lease.call(() -> super.read(to, offset, length));
    }

    @Override
    public long skip(long count) throws IOException {
      return lease.call(() -> super.skip(count));
    }

    @Override
    public int available() throws IOException {
      return (int) lease.call(super::available);
    }

    /**
     * A driver may ask the server where its stream stands. Once the lease is over it does nothing.
     */
    @Override
    @SuppressWarnings("UnsynchronizedOverridesSynchronized") // one thread at a time uses it
    public void mark(int limit) {
      try {
        lease.callOrNot(
            () -> {
              super.mark(limit);
              return 0;
            });
      } catch (IOException e) {
        throw new UncheckedIOException(e); // the lease has ended just now
      }
    }

    @Override
    @SuppressWarnings("UnsynchronizedOverridesSynchronized") // one thread at a time uses it
    public void reset() throws IOException {
      lease.call(
          () -> {
            super.reset();
            return 0;
          });
    }

    @Override
    public void close() throws IOException {
      lease.callOrNot(
          () -> {
            super.close();
            return 0;
          });
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
      lease.call(
          () -> {
            out.write(value);
            return 0;
          });
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, from.length);
      lease.call(
          () -> {
            out.write(from, offset, length);
            return 0;
          });
    }

    @Override
    public void flush() throws IOException {
      lease.call(
          () -> {
            out.flush();
            return 0;
          });
    }

    @Override
    public void close() throws IOException {
      lease.callOrNot(
          () -> {
            super.close();
            return 0;
          });
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
      return (int) lease.call(() -> super.read());
    }

    @Override
    public int read(char[] to, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, to.length);
      return (int) lease.call(() -> super.read(to, offset, length));
    }

    @Override
    public long skip(long count) throws IOException {
      requireNotNegative(count);
      return lease.call(() -> super.skip(count));
    }

    @Override
    public boolean ready() throws IOException {
      return lease.call(() -> super.ready() ? 1 : 0) == 1;
    }

    @Override
    public void mark(int limit) throws IOException {
      requireNotNegative(limit);
      lease.call(
          () -> {
            super.mark(limit);
            return 0;
          });
    }

    @Override
    public void reset() throws IOException {
      lease.call(
          () -> {
            super.reset();
            return 0;
          });
    }

    @Override
    public void close() throws IOException {
      lease.callOrNot(
          () -> {
            super.close();
            return 0;
          });
    }

    private static void requireNotNegative(long count) {
      if (count < 0) {
        throw new IllegalArgumentException("A negative number of characters: " + count);
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
      lease.call(
          () -> {
            super.write(value);
            return 0;
          });
    }

    @Override
    public void write(char[] from, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, from.length);
      lease.call(
          () -> {
            super.write(from, offset, length);
            return 0;
          });
    }

    @Override
    public void write(String from, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, from.length());
      lease.call(
          () -> {
            super.write(from, offset, length);
            return 0;
          });
    }

    @Override
    public void flush() throws IOException {
      lease.call(
          () -> {
            super.flush();
            return 0;
          });
    }

    @Override
    public void close() throws IOException {
      lease.callOrNot(
          () -> {
            super.close();
            return 0;
          });
    }
  }
}
