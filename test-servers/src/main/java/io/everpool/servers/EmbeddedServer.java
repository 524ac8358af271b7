package io.everpool.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** A server out of zonky's Maven artifact, a child process of this JVM. */
final class EmbeddedServer extends PostgresServer {
  private final Cluster cluster;
  private final int port;
  private boolean closed;

  EmbeddedServer(ServerSettings settings, Cluster cluster, int port) {
    super(settings);
    this.cluster = cluster;
    this.port = port;
  }

  static EmbeddedServer boot(ServerSettings settings) {
    Cluster cluster = new Cluster(Binaries.home());
    try {
      cluster.init(ADMIN, settings.password());
      if (settings.tls()) {
        Certificate.into(cluster.data());
      }
      EmbeddedServer server = new EmbeddedServer(settings, cluster, freePort());
      server.startAgain();
      server.createDatabase();
      return server;
    } catch (RuntimeException | Error e) {
      cluster.discard();
      throw e;
    }
  }

  static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path data() {
    return cluster.data();
  }

  @Override
  public Path certificate() {
    return settings.tls() ? data().resolve(Certificate.FILE) : super.certificate();
  }

  @Override
  public String host() {
    return "127.0.0.1";
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public Set<Ability> abilities() {
    return allBut();
  }

  @Override
  public void stop(Shutdown how) {
    cluster.end(how.signal());
  }

  @Override
  public void startAgain() {
    cluster.start(port, settings.allParameters());
  }

  @Override
  public void crash() {
    cluster.kill();
  }

  @Override
  public void freeze() {
    cluster.signalAll("STOP");
  }

  @Override
  public void thaw() {
    cluster.signalAll("CONT");
  }

  @Override
  public void killBackend(int pid) {
    ProcessHandle backend =
        ProcessHandle.of(pid).orElseThrow(() -> new IllegalStateException("no process " + pid));
    Cluster.signal("KILL", List.of(backend));
  }

  @Override
  public String log() {
    return cluster.log();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      cluster.discard();
    }
  }
}
