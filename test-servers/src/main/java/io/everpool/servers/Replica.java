package io.everpool.servers;

import io.everpool.servers.PostgresServer.Ability;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;

/**
 * A hot standby that follows a primary, made from a copy of its files. Where the primary was made
 * of a standby, it may be the primary of the next. Not thread-safe.
 */
public final class Replica implements AutoCloseable {
  private static final Set<String> NOT_COPIED =
      Set.of("postmaster.pid", "postmaster.opts", "standby.signal");
  private static final Set<String> EMPTIED = Set.of("pg_wal", "pg_replslot");

  private final EmbeddedServer server;

  private Replica(EmbeddedServer server) {
    this.server = server;
  }

  /**
   * Copies the primary, or a standby, while it runs and starts a standby that follows it.
   *
   * @throws UnsupportedOperationException without {@link Ability#REPLICA}
   */
  public static Replica of(PostgresServer primary) {
    primary.require(Ability.REPLICA);
    EmbeddedServer from = (EmbeddedServer) primary;
    String conninfo =
        "host=%s port=%d user=%s password=%s"
            .formatted(
                primary.host(), primary.port(), PostgresServer.ADMIN, quoted(primary.password()));
    ServerSettings settings =
        primary
            .settings
            .with("primary_conninfo", conninfo)
            // an empty one would be copied from the primary's configuration otherwise
            .with("primary_slot_name", "");
    Cluster cluster = new Cluster(Binaries.home());
    EmbeddedServer server = new EmbeddedServer(settings, cluster, Port.claim());
    try {
      copy(from, cluster.data());
      server.startAgain();
      return new Replica(server);
    } catch (IOException e) {
      server.close();
      throw new UncheckedIOException(e);
    } catch (RuntimeException | Error e) {
      server.close();
      throw e;
    }
  }

  private static void copy(EmbeddedServer primary, Path to) throws IOException {
    try (Connection connection = primary.adminConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("select pg_backup_start('replica', true)");
      Trees.copy(primary.data(), to, Replica::copied);
      try (ResultSet rows = statement.executeQuery("select labelfile from pg_backup_stop(false)")) {
        rows.next();
        Files.writeString(to.resolve("backup_label"), rows.getString(1));
      }
      Files.createFile(to.resolve("standby.signal"));
    } catch (SQLException e) {
      throw new IllegalStateException("can't copy the primary", e);
    }
  }

  private static boolean copied(Path file) {
    return !NOT_COPIED.contains(file.toString()) && !EMPTIED.contains(file.getName(0).toString());
  }

  /** Quoted as libpq wants it. */
  private static String quoted(String value) {
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }

  /** The standby, or what it was promoted to. */
  public PostgresServer server() {
    return server;
  }

  /** Waits until the standby has replayed everything that {@code primary} has written by now. */
  public void awaitReplayOf(PostgresServer primary) {
    String written = primary.ask("select pg_current_wal_lsn()");
    Await.until(
        PostgresServer.PATIENCE,
        () ->
            server.ask("select pg_last_wal_replay_lsn() >= '" + written + "'::pg_lsn").equals("t"),
        () -> "the standby to replay up to " + written + "; it has logged\n" + server.log());
  }

  /** Makes it a primary and waits until it takes writes. */
  public void promote() {
    if (!server.ask("select pg_promote(true, 60)").equals("t")) {
      throw new IllegalStateException("not promoted within a minute");
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
