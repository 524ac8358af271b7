package io.everpool.it.fleet;

import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Processes with pools on a server of their own, all of them opened before any of them works. */
final class Fleet implements AutoCloseable {
  static final String EVERPOOL = "everpool";
  static final String HIKARI = "hikari";
  static final int SLOTS = 50;

  static final String END = "end";

  private static final String GO = "go";

  /** For an answer of a process; nothing takes nearly as long. */
  private static final Duration LIMIT = Duration.ofMinutes(5);

  /**
   * What a pool has done.
   *
   * @param refused connects that the server has turned away; Everpool counts them, HikariCP doesn't
   * @param goodFaith how many of them were begun before the pool could know that it was full
   * @param known how long it has known
   */
  record Score(long served, long failed, long refused, long goodFaith, Duration known) {
    private static Score of(String line) {
      String[] numbers = line.split(" ", -1);
      return new Score(
          Long.parseLong(numbers[0]),
          Long.parseLong(numbers[1]),
          Long.parseLong(numbers[2]),
          Long.parseLong(numbers[3]),
          Duration.ofMillis(Long.parseLong(numbers[4])));
    }
  }

  private final PostgresServer server;
  private final List<Process> processes = new ArrayList<>();
  private final List<BufferedReader> answers = new ArrayList<>();

  private Fleet(PostgresServer server) {
    this.server = server;
  }

  /**
   * Opens them, and returns when all are open.
   *
   * @param napSeconds how long a caller keeps a connection
   */
  static Fleet launch(String kind, int ships, int pools, int threads, String napSeconds)
      throws IOException {
    PostgresServer server =
        PostgresServer.start(
            ServerSettings.defaults().with("max_connections", Integer.toString(SLOTS)));
    Fleet fleet = new Fleet(server);
    boolean launched = false;
    try {
      for (int i = 0; i < ships; i++) {
        fleet.add(kind, pools, threads, napSeconds);
      }
      for (int ship = 0; ship < ships; ship++) {
        fleet.expect(ship, Ship.READY);
      }
      launched = true;
      return fleet;
    } finally {
      if (!launched) {
        fleet.close();
      }
    }
  }

  private void add(String kind, int pools, int threads, String napSeconds) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx64m",
            "-cp",
            System.getProperty("java.class.path"),
            Ship.class.getName(),
            kind,
            Integer.toString(pools),
            Integer.toString(threads),
            napSeconds);
    builder.environment().put("LIBPQ_URL", server.libpqUrl());
    builder.environment().put("JDBC_URL", server.jdbcUrl());
    builder.environment().put("DB_USER", server.user());
    builder.environment().put("DB_PASSWORD", server.password());
    builder.redirectErrorStream(true);
    Process process = builder.start();
    processes.add(process);
    answers.add(
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)));
  }

  /** The next line that begins so; the log comes between. */
  private String expect(int ship, String beginning) throws IOException {
    // which ends what it says as well, and so whoever reads that
    CompletableFuture<Void> tooLate =
        CompletableFuture.runAsync(
            processes.get(ship)::destroyForcibly,
            CompletableFuture.delayedExecutor(LIMIT.toSeconds(), TimeUnit.SECONDS));
    List<String> before = new ArrayList<>();
    try {
      for (String line; (line = answers.get(ship).readLine()) != null; before.add(line)) {
        if (line.startsWith(beginning)) {
          return line;
        }
      }
    } finally {
      tooLate.cancel(false);
    }
    throw new AssertionError(
        "ended early, or within "
            + LIMIT.toSeconds()
            + " s said no "
            + beginning
            + ": "
            + before.stream().limit(40).collect(Collectors.joining("\n")));
  }

  private void order(String what) throws IOException {
    for (Process process : processes) {
      Writer writer = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
      writer.write(what + "\n");
      writer.flush();
    }
  }

  /** They begin to work. */
  void work() throws IOException {
    order(GO);
  }

  /** Waits until each pool has served so many more callers. */
  void awaitServed(int more) throws IOException {
    order(Integer.toString(more));
    for (int ship = 0; ship < processes.size(); ship++) {
      expect(ship, Ship.SERVED);
    }
  }

  /** They end; what each pool has done. */
  List<Score> end(int poolsOfEach) throws IOException {
    order(END);
    List<Score> scores = new ArrayList<>();
    for (int ship = 0; ship < processes.size(); ship++) {
      for (int i = 0; i < poolsOfEach; i++) {
        scores.add(Score.of(expect(ship, Ship.POOL).substring(Ship.POOL.length())));
      }
    }
    return scores;
  }

  /** Connects that the server has turned away so far, for it was full. */
  long refused() {
    return server
        .log()
        .lines()
        .filter(
            line ->
                line.contains("remaining connection slots are reserved")
                    || line.contains("too many clients already"))
        .count();
  }

  PostgresServer server() {
    return server;
  }

  /** How often in a minute. */
  static double perMinute(long count, Duration time) {
    return count * 60_000.0 / time.toMillis();
  }

  @Override
  public void close() {
    processes.forEach(Process::destroyForcibly);
    server.close();
  }
}
