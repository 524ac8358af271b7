package io.everpool.postgresql.socket;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOption;
import java.nio.channels.SocketChannel;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The dull half of {@link LookableSocket}: what the channel's own socket says and does. */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // the channel has locks of its own
abstract class ChannelSocket extends Socket {
  final SocketChannel channel;
  private final Socket adaptor;

  ChannelSocket(SocketChannel channel) throws SocketException {
    // no implementation: every method of Socket that would use one is overridden
    super((SocketImpl) null);
    this.channel = channel;
    this.adaptor = channel.socket();
  }

  /** Bytes that can be read without waiting. */
  final int available() throws IOException {
    return adaptor.getInputStream().available();
  }

  @Override
  public SocketChannel getChannel() {
    return channel;
  }

  @Override
  public void bind(@Nullable SocketAddress local) throws IOException {
    adaptor.bind(local);
  }

  @Override
  public @Nullable InetAddress getInetAddress() {
    return adaptor.getInetAddress();
  }

  @Override
  public InetAddress getLocalAddress() {
    return adaptor.getLocalAddress();
  }

  @Override
  public int getPort() {
    return adaptor.getPort();
  }

  @Override
  public int getLocalPort() {
    return adaptor.getLocalPort();
  }

  @Override
  public @Nullable SocketAddress getRemoteSocketAddress() {
    return adaptor.getRemoteSocketAddress();
  }

  @Override
  public @Nullable SocketAddress getLocalSocketAddress() {
    return adaptor.getLocalSocketAddress();
  }

  @Override
  public void setTcpNoDelay(boolean on) throws SocketException {
    adaptor.setTcpNoDelay(on);
  }

  @Override
  public boolean getTcpNoDelay() throws SocketException {
    return adaptor.getTcpNoDelay();
  }

  @Override
  public void setSoLinger(boolean on, int linger) throws SocketException {
    adaptor.setSoLinger(on, linger);
  }

  @Override
  public int getSoLinger() throws SocketException {
    return adaptor.getSoLinger();
  }

  @Override
  public void sendUrgentData(int data) throws IOException {
    throw new SocketException("Urgent data not supported");
  }

  @Override
  public void setOOBInline(boolean on) throws SocketException {
    adaptor.setOOBInline(on);
  }

  @Override
  public boolean getOOBInline() throws SocketException {
    return adaptor.getOOBInline();
  }

  @Override
  public void setSendBufferSize(int size) throws SocketException {
    adaptor.setSendBufferSize(size);
  }

  @Override
  public int getSendBufferSize() throws SocketException {
    return adaptor.getSendBufferSize();
  }

  @Override
  public void setReceiveBufferSize(int size) throws SocketException {
    adaptor.setReceiveBufferSize(size);
  }

  @Override
  public int getReceiveBufferSize() throws SocketException {
    return adaptor.getReceiveBufferSize();
  }

  @Override
  public void setKeepAlive(boolean on) throws SocketException {
    adaptor.setKeepAlive(on);
  }

  @Override
  public boolean getKeepAlive() throws SocketException {
    return adaptor.getKeepAlive();
  }

  @Override
  public void setTrafficClass(int value) throws SocketException {
    adaptor.setTrafficClass(value);
  }

  @Override
  public int getTrafficClass() throws SocketException {
    return adaptor.getTrafficClass();
  }

  @Override
  public void setReuseAddress(boolean on) throws SocketException {
    adaptor.setReuseAddress(on);
  }

  @Override
  public boolean getReuseAddress() throws SocketException {
    return adaptor.getReuseAddress();
  }

  @Override
  public void shutdownInput() throws IOException {
    adaptor.shutdownInput();
  }

  @Override
  public void shutdownOutput() throws IOException {
    adaptor.shutdownOutput();
  }

  @Override
  public boolean isConnected() {
    return adaptor.isConnected();
  }

  @Override
  public boolean isBound() {
    return adaptor.isBound();
  }

  @Override
  public boolean isInputShutdown() {
    return adaptor.isInputShutdown();
  }

  @Override
  public boolean isOutputShutdown() {
    return adaptor.isOutputShutdown();
  }

  @Override
  public <T> Socket setOption(SocketOption<T> name, T value) throws IOException {
    channel.setOption(name, value);
    return this;
  }

  @Override
  public <T> T getOption(SocketOption<T> name) throws IOException {
    return channel.getOption(name);
  }

  @Override
  public Set<SocketOption<?>> supportedOptions() {
    return channel.supportedOptions();
  }
}
