package io.everpool.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * PgBouncer before a server, where the machine has one installed. It knows the server's role and
 * database and checks the password.
 *
 * @see Kind#isAvailable()
 */
public final class PgBouncer implements AutoCloseable {
  private static final String GUARD =
      """
      trap '' INT TERM HUP
      root=$1
      shift
      "$@" </dev/null >>"$root/log" 2>&1 &
      while read -r line; do :; done
      kill -KILL $!
      wait
      """;

  private final Path program;
  private final PostgresServer server;
  private final String address;
  private final Path root;
  private Process guard;
  private final Port port = Port.claim();

  private PgBouncer(
      Path program,
      PostgresServer server,
      String address,
      String poolMode,
      Map<String, String> settings) {
    this.program = program;
    this.server = server;
    this.address = address;
    try {
      root = Files.createTempDirectory("everpool-bouncer");
      Files.writeString(
          root.resolve("users"), "\"" + server.user() + "\" \"" + server.password() + "\"\n");
      Files.writeString(root.resolve("ini"), configuration(poolMode, settings));
      guard = launch();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Process launch() throws IOException {
    Files.deleteIfExists(root.resolve("pid")); // it takes one that was left for another of its kind
    List<String> command =
        new ArrayList<>(List.of("sh", "-c", GUARD, "bouncer-guard", root.toString()));
    if (System.getProperty("user.name").equals("root")) {
      command.addAll(List.of("unshare", "-U"));
    }
    command.addAll(List.of(program.toString(), root.resolve("ini").toString()));
    return new ProcessBuilder(command).start();
  }

  /** What a PgBouncer does about statements that its clients have prepared on the server. */
  public enum Kind {
    /** It knows nothing of them, as all before 1.21. */
    FORGETS,

    /** It keeps track of them and prepares them where they are needed, as from 1.21 on. */
    KEEPS_TRACK;

    private Optional<PgBouncerProgram> program() {
      return this == FORGETS ? PgBouncerProgram.oldest() : PgBouncerProgram.tracking();
    }

    /** Whether such a one is installed here. */
    public boolean isAvailable() {
      return program().isPresent();
    }

    /** For a test that has to do without. */
    public String missing() {
      return this == FORGETS
          ? "PgBouncer isn't installed: the distribution's package pgbouncer has it"
          : "PgBouncer 1.21 or newer isn't here: .ci/run builds one, or EVERPOOL_PGBOUNCERS names it";
    }

    /**
     * Starts one before {@code server} and waits until it listens.
     *
     * @param poolMode {@code session}, {@code transaction} or {@code statement}
     * @param settings further ones of PgBouncer's, by its names
     * @throws IllegalStateException if there is none; see {@link #isAvailable()}
     */
    public PgBouncer before(PostgresServer server, String poolMode, Map<String, String> settings) {
      return start(server, address(server.host(), server.port()), poolMode, settings);
    }

    /** As the other, with this proxy between PgBouncer and {@code server}. */
    public PgBouncer before(
        PostgresServer server, FaultProxy way, String poolMode, Map<String, String> settings) {
      return start(server, address(way.host(), way.port()), poolMode, settings);
    }

    private static String address(String host, int port) {
      return "host=" + host + " port=" + port;
    }

    private PgBouncer start(
        PostgresServer server, String address, String poolMode, Map<String, String> settings) {
      PgBouncerProgram program = program().orElseThrow(() -> new IllegalStateException(missing()));
      Map<String, String> all = new TreeMap<>(settings);
      if (program.canTrack()) {
        all.putIfAbsent("max_prepared_statements", this == FORGETS ? "0" : "200");
      }
      PgBouncer bouncer = new PgBouncer(program.path(), server, address, poolMode, all);
      try {
        bouncer.awaitListening();
        return bouncer;
      } catch (RuntimeException | Error e) {
        bouncer.close();
        throw e;
      }
    }
  }

  /** As {@link Kind#before}, one that knows nothing of prepared statements. */
  public static PgBouncer before(PostgresServer server, String poolMode) {
    return before(server, poolMode, Map.of());
  }

  /** As {@link Kind#before}, one that knows nothing of prepared statements. */
  public static PgBouncer before(
      PostgresServer server, String poolMode, Map<String, String> settings) {
    return Kind.FORGETS.before(server, poolMode, settings);
  }

  private String configuration(String poolMode, Map<String, String> settings) {
    String more =
        settings.entrySet().stream()
            .map(setting -> setting.getKey() + " = " + setting.getValue() + "\n")
            .collect(Collectors.joining());
    return """
        [databases]
        %1$s = %2$s dbname=%1$s
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = %3$d
        unix_socket_dir =
        auth_type = scram-sha-256
        auth_file = %4$s/users
        pool_mode = %5$s
        pidfile = %4$s/pid
        """
            .formatted(server.database(), address, port(), root, poolMode)
        + more;
  }

  private void awaitListening() {
    Await.until(PostgresServer.PATIENCE, this::listens, "PgBouncer to listen");
  }

  private boolean listens() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(host(), port()), 1_000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  public String host() {
    return "127.0.0.1";
  }

  public int port() {
    return port.number();
  }

  /** As {@link PostgresServer#jdbcUrl()}, by way of PgBouncer. */
  public String jdbcUrl() {
    return "jdbc:postgresql://" + host() + ":" + port() + "/" + server.database();
  }

  /**
   * Has it give no server connection to a transaction that has not begun, until {@link #resume}.
   */
  public void pause() {
    signalAndAwait("USR1");
  }

  /** Ends a {@link #pause}. */
  public void resume() {
    signalAndAwait("USR2");
  }

  /** It logs what it does of such a signal when it does it; until then it goes on as before. */
  private void signalAndAwait(String name) {
    long before = received(name);
    signal(name);
    Await.until(
        PostgresServer.PATIENCE, () -> received(name) > before, "PgBouncer to hear " + name);
  }

  private long received(String name) {
    try (Stream<String> lines = Files.lines(root.resolve("log"))) {
      return lines.filter(line -> line.contains("got SIG" + name)).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Gives it another setting, which it knows from {@link #reload} or {@link #startAgain} on. */
  public void set(String name, String value) {
    try {
      Path ini = root.resolve("ini");
      String others = Files.readString(ini).replaceAll("(?m)^" + name + " = .*\\n", "");
      Files.writeString(ini, others + name + " = " + value + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Has it read its settings anew; its clients and its server connections stay. */
  public void reload() {
    signalAndAwait("HUP");
  }

  /** Has it open its server connections anew, each when the transaction on it has ended. */
  public void reconnect() {
    try {
      Path ini = root.resolve("ini");
      String before = Files.readString(ini);
      String named = "dbname=" + server.database();
      String other = " connect_query='select " + System.nanoTime() + "'";
      Files.writeString(ini, before.replaceAll(named + ".*", named + other));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    signal("HUP");
  }

  private void signal(String name) {
    try {
      String pid = Files.readString(root.resolve("pid")).strip();
      int result = new ProcessBuilder("kill", "-" + name, pid).inheritIO().start().waitFor();
      if (result != 0) {
        throw new IllegalStateException("PgBouncer is not there to be sent " + name);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Kills it, with all its connections. */
  public void kill() {
    try {
      guard.getOutputStream().close();
      guard.waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Starts it anew after {@link #kill()}, on the same port. */
  public void startAgain() {
    try {
      guard = launch();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    awaitListening();
  }

  /** Kills it and leaves nothing behind. */
  @Override
  public void close() {
    kill();
    port.close();
    try {
      Trees.delete(root);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
