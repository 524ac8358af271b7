package io.everpool.it.reruns;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.it.reruns.Cell.Kind;
import io.everpool.it.reruns.Oracle.Fate;
import io.everpool.it.reruns.Oracle.Phase;
import io.everpool.it.reruns.Way.Mode;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Every way to write, commit, roll back and begin, with the connection cut before, during and after
 * each request, in every kind of unit: what is committed is there once, and whatever can safely be
 * run again is. {@code -Dtests.sample=N} plays every N-th cell.
 */
class RerunMatrixIT {
  private static final int STATIONS = 3;
  private static final int SAMPLE = Integer.getInteger("tests.sample", 1);
  private static final Path PAGE = Path.of("..", "docs", "failures.md");
  private static final String BEGIN = "<!-- the matrix; generated -->\n";
  private static final String END = "<!-- the matrix ends here -->";

  private static PostgresServer server;

  @BeforeAll
  static void start() throws SQLException {
    server =
        PostgresServer.start(ServerSettings.defaults().with("max_prepared_transactions", "20"));
    try (Connection books = Station.books(server);
        Statement statement = books.createStatement()) {
      for (String sql : Ways.SCHEMA) {
        statement.execute(sql);
      }
    }
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  @Timeout(600)
  void nothingIsDoubledAndWhatCanBeIsRunAgain() throws Exception {
    List<Cell> all = Cell.all(Ways.all(), Kind.values());
    List<Cell> cells =
        IntStream.range(0, all.size()).filter(i -> i % SAMPLE == 0).mapToObj(all::get).toList();
    List<String> wrong = play(cells);
    Map<Fate, Long> fates =
        cells.stream()
            .collect(Collectors.groupingBy(Cell::fate, TreeMap::new, Collectors.counting()));
    System.out.println("RerunMatrixIT: " + cells.size() + " cells, " + fates);
    assertThat(wrong).isEmpty();
    assertThat(fates.keySet()).containsExactly(Fate.values());
  }

  /** A unit that is marked read-only changes nothing, by whatever way it tries. */
  @Test
  @Timeout(300)
  void whatIsDeclaredReadOnlyIsRefusedByTheServer() throws SQLException {
    List<String> wrong = new ArrayList<>();
    try (Station station = new Station(server, "read-only")) {
      for (Way way : Ways.all()) {
        for (Mode mode : way.in()) {
          String fault = station.playReadOnly(way, mode);
          if (!fault.isEmpty()) {
            wrong.add(fault);
          }
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  private static List<String> play(List<Cell> cells) throws Exception {
    ConcurrentLinkedQueue<Cell> left = new ConcurrentLinkedQueue<>(cells);
    ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
    ExecutorService threads = Executors.newFixedThreadPool(STATIONS);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < STATIONS; i++) {
        String name = "station-" + i;
        all.add(
            threads.submit(
                () -> {
                  try (Station station = new Station(server, name)) {
                    for (Cell cell; (cell = left.poll()) != null; ) {
                      String fault = station.play(cell);
                      if (!fault.isEmpty()) {
                        wrong.add(fault);
                      }
                    }
                  }
                  return null;
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    } finally {
      threads.shutdownNow();
    }
    return List.copyOf(wrong);
  }

  @Test
  void thePageShowsThisMatrix() throws Exception {
    String table = table();
    Files.writeString(Path.of("target", "reruns-table.md"), table);
    String page = Files.readString(PAGE);
    assertThat(page).contains(BEGIN, END);
    assertThat(page.substring(page.indexOf(BEGIN) + BEGIN.length(), page.indexOf(END)).strip())
        .as("docs/failures.md: put there what is in it-tests/target/reruns-table.md")
        .isEqualTo(table.strip());
  }

  private static String table() {
    StringBuilder text = new StringBuilder();
    for (Mode mode : Mode.values()) {
      text.append(
          mode == Mode.AUTOCOMMIT
              ? "\n| in `pool.run` or a Jdbi handle | cut at | before | during | after |\n"
              : "\n| in `pool.inTransaction` or a Jdbi transaction | cut at | before | during | after |\n");
      text.append("| --- | --- | --- | --- | --- |\n");
      for (Way way : Ways.all()) {
        if (way.in().contains(mode)) {
          rows(text, way, mode);
        }
      }
    }
    return text.toString();
  }

  private static void rows(StringBuilder text, Way way, Mode mode) {
    List<Step> steps = way.steps(mode);
    List<Cell> cells = Cell.all(List.of(way), Kind.POOL);
    for (int i = 0; i < steps.size(); i++) {
      int cut = i;
      text.append("| ").append(i == 0 ? way.name() : "").append(" | ").append(steps.get(i).name());
      for (Phase phase : Phase.values()) {
        text.append(" | ")
            .append(
                cells.stream()
                    .filter(c -> c.mode() == mode && c.cut() == cut && c.phase() == phase)
                    .map(c -> c.fate().word)
                    .collect(Collectors.joining()));
      }
      text.append(" |\n");
    }
  }
}
