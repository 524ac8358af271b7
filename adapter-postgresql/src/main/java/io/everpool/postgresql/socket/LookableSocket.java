package io.everpool.postgresql.socket;

import io.everpool.api.driver.Look;
import io.everpool.postgresql.protocol.ProtocolLog;
import io.everpool.postgresql.protocol.ProtocolTap;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.channels.SocketChannel;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A TCP socket whose other end can be looked at; see {@link Wire} for how it differs from a plain
 * one.
 */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // the channel has locks of its own
public final class LookableSocket extends ChannelSocket {
  private final Wire wire;
  private final InputStream in = new Input();
  private final OutputStream out = new Output();
  private final FirstAnswer first = new FirstAnswer();
  private ProtocolTap tap = new ProtocolTap(this, this::hasEnded);

  /** Whether TLS lies above, so that nothing can be understood down here. */
  private boolean covered;

  /** Where it was told to connect to. */
  private @Nullable InetSocketAddress address;

  private LookableSocket(SocketChannel channel) throws IOException {
    super(channel);
    wire = new Wire(channel, () -> tap.log().isAnswerOwed());
  }

  /** A socket that isn't connected yet. */
  static LookableSocket open(KeepAlive keepAlive) throws IOException {
    SocketChannel channel = SocketChannel.open();
    try {
      keepAlive.apply(channel);
      return new LookableSocket(channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Looks at the other end in about a microsecond; see {@link Wire#look()}. */
  public Look look() {
    return wire.look();
  }

  /** See {@link io.everpool.api.driver.PhysicalConnection#waits}. */
  public long waits() {
    return wire.waits();
  }

  /** Whether one of them is for the server to take what is sent. */
  public boolean waitsToSend() {
    return wire.waitsToWrite();
  }

  /**
   * Whether the server has ended the session, as far as a look tells. Within TLS its last words
   * can't be read here; they are followed by the end of the stream, which can.
   */
  private boolean hasEnded() {
    return switch (wire.look()) {
      case DEAD -> true;
      case UNSURE -> !covered && tap.isFarewell(wire.ahead());
      case ALIVE, BLIND -> false;
    };
  }

  /**
   * Whether nothing is there to be read, and nothing may be waited for: once the tap keeps back
   * what the driver writes, the server has nothing to answer. Its end may never come, if the
   * network is cut right behind its last words, or if somebody in between keeps this end open.
   */
  private boolean hasRunDry() {
    return tap.isMute() && !wire.isSevered() && wire.look() == Look.ALIVE;
  }

  Wire wire() {
    return wire;
  }

  /** A tap for the streams of the TLS above, from its beginning; this one's ends. */
  ProtocolTap cover() {
    covered = true;
    tap = new ProtocolTap(this, this::hasEnded);
    return tap;
  }

  /** An error of the server's that pgjdbc couldn't read; null if there is none. */
  @Nullable SQLException unreadError() {
    return first.error();
  }

  /**
   * What has become of the login; null if the socket was never told where to connect to.
   *
   * @param hosts of which this socket was told one, as the URL spells them
   */
  @Nullable HostEnd end(List<String> hosts) {
    InetSocketAddress to = address;
    return to == null
        ? null
        : new HostEnd(HostName.among(hosts, to), tap.log().isReady(), failure());
  }

  /** See {@link ProtocolTap#returned}. */
  void returned() {
    tap.returned();
  }

  /** Null if there is none, or only the driver knows. */
  private @Nullable SQLException failure() {
    IOException failure = tap.failure();
    if (tap.log().isReady()) {
      return failure == null ? null : LoginError.of(failure);
    }
    byte[] refusal = tap.log().loginError();
    if (refusal != null) {
      return LoginError.of(refusal);
    }
    SQLException unread = first.error();
    if (unread == null && failure != null) {
      return LoginError.of(failure);
    }
    return unread == null ? first.tlsRefused() : unread;
  }

  /** What has passed, as far as it is understood. */
  public ProtocolLog log() {
    return tap.log();
  }

  private final class Input extends InputStream {
    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, to.length);
      int read;
      try {
        read = length > 0 && hasRunDry() ? -1 : wire.read(to, offset, length);
      } catch (IOException e) {
        failed(e);
        throw e;
      }
      first.received(to, offset, read, wire);
      if (!covered) {
        tap.received(to, offset, read);
      }
      return read;
    }

    @Override
    public int available() throws IOException {
      return wire.seen() + LookableSocket.this.available();
    }

    @Override
    public void close() throws IOException {
      LookableSocket.this.close();
    }
  }

  private final class Output extends OutputStream {
    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, from.length);
      first.sent(from, offset, length);
      if (!covered && !tap.sent(from, offset, length)) {
        return;
      }
      try {
        wire.write(from, offset, length);
      } catch (IOException e) {
        failed(e);
        throw e;
      }
    }

    @Override
    public void close() throws IOException {
      LookableSocket.this.close();
    }
  }

  /** With TLS above, what the driver is told is heard there. */
  private void failed(IOException e) {
    if (!covered) {
      tap.failed(e);
    }
  }

  private void requireOpen() throws SocketException {
    if (isClosed()) {
      throw new SocketException("Socket is closed");
    }
    if (!isConnected()) {
      throw new SocketException("Socket is not connected");
    }
  }

  @Override
  public InputStream getInputStream() throws IOException {
    requireOpen();
    return in;
  }

  @Override
  public OutputStream getOutputStream() throws IOException {
    requireOpen();
    return out;
  }

  @Override
  public void connect(SocketAddress endpoint) throws IOException {
    connect(endpoint, 0);
  }

  @Override
  public void connect(SocketAddress endpoint, int timeout) throws IOException {
    if (!(endpoint instanceof InetSocketAddress address)) {
      throw new IllegalArgumentException("not an internet address");
    }
    if (timeout < 0) {
      throw new IllegalArgumentException("connect: timeout can't be negative");
    }
    this.address = address;
    try {
      wire.connect(address, timeout);
    } catch (IOException e) {
      failed(e);
      close();
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    wire.close();
  }

  /** Ends it at once; see {@link Wire#cut()}. */
  public void cut() throws IOException {
    wire.cut();
  }

  @Override
  public boolean isClosed() {
    return wire.isSevered() || !channel.isOpen();
  }

  @Override
  public void setSoTimeout(int timeout) throws SocketException {
    if (isClosed()) {
      throw new SocketException("Socket is closed");
    }
    if (timeout < 0) {
      throw new IllegalArgumentException("timeout can't be negative");
    }
    wire.timeoutMillis(timeout);
  }

  @Override
  public int getSoTimeout() throws SocketException {
    if (isClosed()) {
      throw new SocketException("Socket is closed");
    }
    return wire.timeoutMillis();
  }

  @Override
  public String toString() {
    return "LookableSocket[" + getRemoteSocketAddress() + "]";
  }
}
