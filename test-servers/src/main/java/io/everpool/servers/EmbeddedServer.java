package io.everpool.servers;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Set;

/** A server out of zonky's Maven artifact, a child process of this JVM. */
final class EmbeddedServer extends PostgresServer {
  private final Cluster cluster;
  private final Port port;
  private boolean closed;

  EmbeddedServer(ServerSettings settings, Cluster cluster, Port port) {
    super(settings);
    this.cluster = cluster;
    this.port = port;
  }

  static EmbeddedServer boot(ServerSettings settings) {
    Path home = Binaries.home();
    Cluster cluster = new Cluster(home);
    EmbeddedServer server = new EmbeddedServer(settings, cluster, Port.claim());
    try {
      ClusterTemplate.copyTo(cluster.data(), home);
      if (settings.tls()) {
        Certificate.into(cluster.data());
      }
      server.startAgain();
      server.settle();
      return server;
    } catch (RuntimeException | Error e) {
      server.close();
      throw e;
    }
  }

  /** Gives the copy of the template the role, the database and the passwords of the settings. */
  private void settle() {
    ServerSettings template = ServerSettings.defaults();
    try (Connection connection = adminConnection(ADMIN, ClusterTemplate.PASSWORD);
        Statement statement = connection.createStatement()) {
      if (user().equals(template.user()) && database().equals(template.database())) {
        changePassword(statement, user());
      } else {
        dropDatabase(statement, template);
        createRole(statement);
        createDatabase(statement);
      }
      changePassword(statement, ADMIN);
    } catch (SQLException e) {
      throw new IllegalStateException("can't make the tests' role and database", e);
    }
  }

  private static void dropDatabase(Statement statement, ServerSettings of) throws SQLException {
    statement.execute("drop database " + of.database());
    statement.execute("drop role " + of.user());
  }

  private void changePassword(Statement statement, String role) throws SQLException {
    statement.execute(
        "alter role "
            + statement.enquoteIdentifier(role, true)
            + " password "
            + statement.enquoteLiteral(password()));
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
    return port.number();
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
    cluster.start(port(), settings.allParameters());
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
    String struck = "(PID " + pid + ") was terminated by signal 9";
    long before = lines(struck);
    Cluster.signal("KILL", List.of(backend));
    Await.until(
        PATIENCE, () -> lines(struck) > before || !backend.isAlive(), "the end of process " + pid);
    if (lines(struck) == before && answers() && lines(struck) == before) {
      throw new IllegalStateException("process " + pid + " had ended by itself");
    }
  }

  /** The postmaster speaks of the children that have gone before it takes another session. */
  private boolean answers() {
    try {
      return ask("select 1").equals("1");
    } catch (IllegalStateException crashed) {
      return false;
    }
  }

  @Override
  public String log() {
    return cluster.log();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      try {
        cluster.discard();
      } finally {
        port.close();
      }
    }
  }
}
