package io.everpool.postgresql.socket;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import javax.net.ssl.HandshakeCompletedListener;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/** The dull half of {@link TappedSslSocket}: what the TLS socket behind it says and does. */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // the one behind has locks of its own
abstract class ForwardingSslSocket extends SSLSocket {
  final SSLSocket tls;

  ForwardingSslSocket(SSLSocket tls) {
    this.tls = tls;
  }

  @Override
  public boolean isBound() {
    return tls.isBound();
  }

  @Override
  public @Nullable SocketChannel getChannel() {
    return tls.getChannel();
  }

  @Override
  public boolean isClosed() {
    return tls.isClosed();
  }

  @Override
  public boolean isConnected() {
    return tls.isConnected();
  }

  @Override
  public @Nullable InetAddress getInetAddress() {
    return tls.getInetAddress();
  }

  @Override
  public boolean isInputShutdown() {
    return tls.isInputShutdown();
  }

  @Override
  public boolean getKeepAlive() throws SocketException {
    return tls.getKeepAlive();
  }

  @Override
  public void setKeepAlive(boolean value) throws SocketException {
    tls.setKeepAlive(value);
  }

  @Override
  public InetAddress getLocalAddress() {
    return tls.getLocalAddress();
  }

  @Override
  public int getLocalPort() {
    return tls.getLocalPort();
  }

  @Override
  public @Nullable SocketAddress getLocalSocketAddress() {
    return tls.getLocalSocketAddress();
  }

  @Override
  public boolean getOOBInline() throws SocketException {
    return tls.getOOBInline();
  }

  @Override
  public void setOOBInline(boolean value) throws SocketException {
    tls.setOOBInline(value);
  }

  @Override
  public <T> T getOption(SocketOption<T> name) throws IOException {
    return tls.getOption(name);
  }

  @Override
  public <T> Socket setOption(SocketOption<T> name, T value) throws IOException {
    tls.setOption(name, value);
    return this;
  }

  @Override
  public boolean isOutputShutdown() {
    return tls.isOutputShutdown();
  }

  @Override
  public void setPerformancePreferences(int connectionTime, int latency, int bandwidth) {
    tls.setPerformancePreferences(connectionTime, latency, bandwidth);
  }

  @Override
  public int getPort() {
    return tls.getPort();
  }

  @Override
  public int getReceiveBufferSize() throws SocketException {
    return tls.getReceiveBufferSize();
  }

  @Override
  public void setReceiveBufferSize(int value) throws SocketException {
    tls.setReceiveBufferSize(value);
  }

  @Override
  public @Nullable SocketAddress getRemoteSocketAddress() {
    return tls.getRemoteSocketAddress();
  }

  @Override
  public boolean getReuseAddress() throws SocketException {
    return tls.getReuseAddress();
  }

  @Override
  public void setReuseAddress(boolean value) throws SocketException {
    tls.setReuseAddress(value);
  }

  @Override
  public int getSendBufferSize() throws SocketException {
    return tls.getSendBufferSize();
  }

  @Override
  public void setSendBufferSize(int value) throws SocketException {
    tls.setSendBufferSize(value);
  }

  @Override
  public int getSoLinger() throws SocketException {
    return tls.getSoLinger();
  }

  @Override
  public void setSoLinger(boolean on, int linger) throws SocketException {
    tls.setSoLinger(on, linger);
  }

  @Override
  public int getSoTimeout() throws SocketException {
    return tls.getSoTimeout();
  }

  @Override
  public void setSoTimeout(int value) throws SocketException {
    tls.setSoTimeout(value);
  }

  @Override
  public boolean getTcpNoDelay() throws SocketException {
    return tls.getTcpNoDelay();
  }

  @Override
  public void setTcpNoDelay(boolean value) throws SocketException {
    tls.setTcpNoDelay(value);
  }

  @Override
  public int getTrafficClass() throws SocketException {
    return tls.getTrafficClass();
  }

  @Override
  public void setTrafficClass(int value) throws SocketException {
    tls.setTrafficClass(value);
  }

  @Override
  public void bind(@Nullable SocketAddress address) throws IOException {
    tls.bind(address);
  }

  @Override
  public void close() throws IOException {
    tls.close();
  }

  @Override
  public void connect(SocketAddress address) throws IOException {
    tls.connect(address);
  }

  @Override
  public void connect(SocketAddress endpoint, int timeout) throws IOException {
    tls.connect(endpoint, timeout);
  }

  @Override
  public void sendUrgentData(int data) throws IOException {
    tls.sendUrgentData(data);
  }

  @Override
  public void shutdownInput() throws IOException {
    tls.shutdownInput();
  }

  @Override
  public void shutdownOutput() throws IOException {
    tls.shutdownOutput();
  }

  @Override
  public Set<SocketOption<?>> supportedOptions() {
    return tls.supportedOptions();
  }

  @Override
  public String toString() {
    return tls.toString();
  }

  @Override
  public @Nullable String getApplicationProtocol() {
    return tls.getApplicationProtocol();
  }

  @Override
  public boolean getEnableSessionCreation() {
    return tls.getEnableSessionCreation();
  }

  @Override
  public void setEnableSessionCreation(boolean value) {
    tls.setEnableSessionCreation(value);
  }

  @Override
  public String[] getEnabledCipherSuites() {
    return tls.getEnabledCipherSuites();
  }

  @Override
  public void setEnabledCipherSuites(String[] value) {
    tls.setEnabledCipherSuites(value);
  }

  @Override
  public String[] getEnabledProtocols() {
    return tls.getEnabledProtocols();
  }

  @Override
  public void setEnabledProtocols(String[] value) {
    tls.setEnabledProtocols(value);
  }

  @Override
  public @Nullable String getHandshakeApplicationProtocol() {
    return tls.getHandshakeApplicationProtocol();
  }

  @Override
  public @Nullable BiFunction<SSLSocket, List<String>, String>
      getHandshakeApplicationProtocolSelector() {
    return tls.getHandshakeApplicationProtocolSelector();
  }

  @Override
  public void setHandshakeApplicationProtocolSelector(
      @Nullable BiFunction<SSLSocket, List<String>, String> value) {
    tls.setHandshakeApplicationProtocolSelector(value);
  }

  @Override
  public @Nullable SSLSession getHandshakeSession() {
    return tls.getHandshakeSession();
  }

  @Override
  public boolean getNeedClientAuth() {
    return tls.getNeedClientAuth();
  }

  @Override
  public void setNeedClientAuth(boolean value) {
    tls.setNeedClientAuth(value);
  }

  @Override
  public SSLParameters getSSLParameters() {
    return tls.getSSLParameters();
  }

  @Override
  public void setSSLParameters(SSLParameters value) {
    tls.setSSLParameters(value);
  }

  @Override
  public SSLSession getSession() {
    return tls.getSession();
  }

  @Override
  public String[] getSupportedCipherSuites() {
    return tls.getSupportedCipherSuites();
  }

  @Override
  public String[] getSupportedProtocols() {
    return tls.getSupportedProtocols();
  }

  @Override
  public boolean getUseClientMode() {
    return tls.getUseClientMode();
  }

  @Override
  public void setUseClientMode(boolean value) {
    tls.setUseClientMode(value);
  }

  @Override
  public boolean getWantClientAuth() {
    return tls.getWantClientAuth();
  }

  @Override
  public void setWantClientAuth(boolean value) {
    tls.setWantClientAuth(value);
  }

  @Override
  public void addHandshakeCompletedListener(HandshakeCompletedListener listener) {
    tls.addHandshakeCompletedListener(listener);
  }

  @Override
  public void removeHandshakeCompletedListener(HandshakeCompletedListener listener) {
    tls.removeHandshakeCompletedListener(listener);
  }
}
