package io.everpool.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A data directory and the postmaster that runs on it, a child of this JVM.
 *
 * <p>Beside it runs a guard, a shell that reads from a pipe of this JVM: when the pipe ends, and it
 * does however the JVM dies, the guard kills the postmaster and deletes the directory.
 */
final class Cluster {
  private static final Duration PATIENCE = PostgresServer.PATIENCE;
  private static final String GUARD =
      """
      trap '' INT TERM HUP
      while read -r line; do :; done
      pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
      if [ -d /proc/self ]; then # Linux, with or without ps
        [ "$(readlink "/proc/$pid/cwd")" = "$1/data" ] || pid=
        children=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
      else
        ps -o command= -p "$pid" 2>/dev/null | grep -qF "$1/data" || pid=
        children=$(pgrep -P "$pid" 2>/dev/null)
      fi
      if [ -n "$pid" ]; then
        for process in $children $pid; do
          kill -KILL "$process" 2>/dev/null
        done
      fi
      rm -rf "$1"
      """;

  /**
   * What a login by SCRAM costs its client, in rounds of SHA-256. PostgreSQL's 4096 take longer
   * than most of our tests do otherwise, in a JVM without the second compiler; pgjdbc before 42.7.4
   * refuses fewer.
   */
  private static final int SCRAM_ITERATIONS = Integer.getInteger("tests.scram-iterations", 1);

  static final List<String> INITDB =
      List.of(
          "-U",
          PostgresServer.ADMIN,
          "-A",
          "scram-sha-256",
          "-E",
          "UTF8",
          "--locale=C",
          "-c",
          "scram_iterations=" + SCRAM_ITERATIONS,
          "-N"); // nobody pulls the plug

  private final Path home;
  private final Path root;
  private final Process guard;
  private @Nullable Process postmaster;

  /** An empty place for a data directory, for as long as a test takes. */
  Cluster(Path home) {
    this(home, MemoryFolder.orTemporary());
  }

  /** An empty place for a data directory, in a folder. */
  Cluster(Path home, Path folder) {
    this.home = home;
    if (System.getProperty("os.name").startsWith("Windows")) {
      throw new IllegalStateException(
          "The embedded server is stopped, frozen and killed by signals, which Windows hasn't:"
              + " build in WSL, or run a Docker engine");
    }
    try {
      // the real path: the guard compares it with what the kernel says
      root = Files.createTempDirectory(folder, "everpool-server").toRealPath();
      Files.createDirectory(data());
      Files.setPosixFilePermissions(
          data(),
          EnumSet.of(
              PosixFilePermission.OWNER_READ,
              PosixFilePermission.OWNER_WRITE,
              PosixFilePermission.OWNER_EXECUTE));
      guard =
          new ProcessBuilder("sh", "-c", GUARD, "postgres-guard", root.toString())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException("no place for a server", e);
    }
  }

  Path data() {
    return root.resolve("data");
  }

  private Path logFile() {
    return root.resolve("log");
  }

  String log() {
    try {
      return Files.exists(logFile())
          ? Files.readString(logFile(), StandardCharsets.ISO_8859_1)
          : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Fills the data directory with that of a new cluster; {@link PostgresServer#ADMIN}'s password.
   */
  void init(String password) {
    try {
      Path secret = root.resolve("secret");
      Files.writeString(secret, password + "\n");
      List<String> command = program("initdb");
      command.addAll(INITDB);
      command.addAll(List.of("--pwfile=" + secret, "-D", data().toString()));
      Process initdb = launch(command, root);
      if (!initdb.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS) || initdb.exitValue() != 0) {
        initdb.destroyForcibly();
        throw new IllegalStateException("initdb failed\n" + log());
      }
      Files.delete(secret);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** Starts the postmaster and waits until it says that it takes sessions. */
  void start(int port, Map<String, String> parameters) {
    if (running()) {
      throw new IllegalStateException("runs already");
    }
    List<String> command = program("postgres");
    command.addAll(List.of("-D", data().toString(), "-p", Integer.toString(port)));
    command.addAll(List.of("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="));
    parameters.forEach((name, value) -> command.addAll(List.of("-c", name + "=" + value)));
    try {
      Process started = launch(command, data());
      postmaster = started;
      Await.until(
          PATIENCE,
          () -> !started.isAlive() || ready(started),
          () -> "PostgreSQL to start; it has logged\n" + log());
      if (!started.isAlive()) {
        throw new IllegalStateException("PostgreSQL didn't start\n" + log());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The eighth line of postmaster.pid is its state, the first its pid (PostgreSQL: miscadmin.h).
   */
  private boolean ready(Process started) {
    try {
      List<String> lines = Files.readAllLines(data().resolve("postmaster.pid"));
      return lines.size() >= 8
          && lines.get(0).strip().equals(Long.toString(started.pid()))
          && lines.get(7).strip().equals("ready");
    } catch (IOException e) {
      return false;
    }
  }

  boolean running() {
    return postmaster != null && postmaster.isAlive();
  }

  /** Sends a signal to the postmaster and waits until it and its children are gone. */
  void end(String signal) {
    Process ending = postmaster;
    if (ending == null || !ending.isAlive()) {
      return;
    }
    List<ProcessHandle> children = ending.children().toList();
    signal(signal, List.of(ending.toHandle()));
    awaitEnd(ending, children);
  }

  /** Kills the postmaster and its children, stopped first so that none notices another's end. */
  void kill() {
    Process ending = postmaster;
    if (ending == null || !ending.isAlive()) {
      return;
    }
    signalAll("STOP");
    List<ProcessHandle> all = new ArrayList<>(List.of(ending.toHandle()));
    all.addAll(ending.children().toList());
    signal("KILL", all);
    awaitEnd(ending, all);
  }

  /** A dead postmaster's children hold the shared memory for as long as they live. */
  private static void awaitEnd(Process ending, List<ProcessHandle> all) {
    Await.until(
        PATIENCE,
        () -> !ending.isAlive() && all.stream().noneMatch(ProcessHandle::isAlive),
        "the end of PostgreSQL");
  }

  /** Sends a signal to the postmaster first and then to its children. */
  void signalAll(String signal) {
    Process running = postmaster;
    if (running != null && running.isAlive()) {
      signal(signal, List.of(running.toHandle()));
      signal(signal, running.children().toList());
    }
  }

  static void signal(String signal, List<ProcessHandle> to) {
    if (to.isEmpty()) {
      return;
    }
    List<String> command = new ArrayList<>(List.of("kill", "-" + signal));
    to.forEach(process -> command.add(Long.toString(process.pid())));
    try {
      // some may have gone meanwhile: its exit code says nothing
      new ProcessBuilder(command)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** Kills what runs and deletes the directory. */
  void discard() {
    try {
      signalAll("CONT");
      end("QUIT");
    } finally {
      dismissGuard();
    }
  }

  private void dismissGuard() {
    try {
      guard.getOutputStream().close();
      guard.waitFor();
      Trees.delete(root);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** PostgreSQL refuses to run as root: root runs it in a user namespace where it isn't root. */
  private List<String> program(String name) {
    List<String> command = new ArrayList<>();
    if (System.getProperty("user.name").equals("root")) {
      command.addAll(List.of("unshare", "-U"));
    }
    command.add(home.resolve("bin").resolve(name).toString());
    return command;
  }

  private Process launch(List<String> command, Path directory) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.directory(directory.toFile());
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(logFile().toFile()));
    // the caller's settings for libpq are not for this server
    builder.environment().keySet().removeIf(variable -> variable.startsWith("PG"));
    builder.environment().put("LC_ALL", "C");
    return builder.start();
  }

  private static IllegalStateException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new IllegalStateException("interrupted", e);
  }
}
