package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.jfr.JfrPools;
import io.everpool.servers.Await;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recording of a pool on a real server that loses a session, read back from its file. */
class FlightRecordingIT {
  private static final String NAME = "flight-recording";

  private static List<RecordedEvent> read(Recording recording, Path directory) throws IOException {
    recording.stop();
    Path file = directory.resolve("recording.jfr");
    recording.dump(file);
    return RecordingFile.readAllEvents(file).stream()
        .filter(event -> event.getEventType().getName().startsWith("everpool."))
        .filter(event -> event.getString("pool").equals(NAME))
        .toList();
  }

  private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
    return events.stream()
        .filter(event -> event.getEventType().getName().equals("everpool." + name))
        .toList();
  }

  private static Pool open() throws SQLException {
    return Everpool.builder(Db.config(NAME).minSize(1).maxSize(1).build())
        .listener(new JfrPools())
        .open();
  }

  /** Its session is ended under it in its first run. */
  private static void readWithAKill(Pool pool) throws SQLException {
    AtomicBoolean struck = new AtomicBoolean();
    String answer =
        pool.<String, SQLException>run(
            WorkOptions.READ_ONLY.withLabel("report"),
            connection -> {
              int session = Db.pid(connection);
              if (!struck.getAndSet(true)) {
                Db.server().terminate(session);
              }
              return Db.ask(connection, "select 'read'");
            });
    assertThat(answer).isEqualTo("read");
  }

  @Test
  void aKilledSessionIsALossAClosingAConnectAndARetry(@TempDir Path directory) throws Exception {
    try (Recording recording = new Recording()) {
      recording.start();
      try (Pool pool = open()) {
        readWithAKill(pool);
        pool.replaceAll();
        Await.until(
            Db.LIMIT,
            () -> pool.snapshot().opened() == 3 && pool.snapshot().idle() == 1,
            "a third");
      }
      List<RecordedEvent> events = read(recording, directory);

      RecordedEvent loss = named(events, "ConnectionLoss").get(0);
      assertThat(loss.getLong("connection")).isEqualTo(1);
      assertThat(loss.getString("message")).contains("terminating connection");
      assertThat(named(events, "Retry"))
          .singleElement()
          .satisfies(
              retry -> {
                assertThat(retry.getString("unit")).isEqualTo("report");
                assertThat(retry.getString("verdict")).isEqualTo(loss.getString("verdict"));
                assertThat(retry.getStackTrace().getFrames())
                    .anyMatch(
                        frame ->
                            frame
                                .getMethod()
                                .getType()
                                .getName()
                                .equals(FlightRecordingIT.class.getName()));
              });
      assertThat(named(events, "Connect"))
          .map(event -> event.getLong("connection"))
          .containsExactlyInAnyOrder(1L, 2L, 3L);
      assertThat(named(events, "Connect"))
          .allMatch(event -> event.getDuration("took").compareTo(Duration.ZERO) > 0);
      assertThat(named(events, "Retire"))
          .map(event -> event.getLong("connection") + " " + event.getString("reason"))
          .containsExactlyInAnyOrder("1 failed", "2 fenced", "3 pool-closed");
      assertThat(named(events, "Retire")).allMatch(event -> event.getLong("queries") >= 0);
      assertThat(named(events, "Fence"))
          .singleElement()
          .satisfies(fence -> assertThat(fence.getString("reason")).contains("operator"));
      assertThat(named(events, "PoolOpen")).hasSize(1);
      assertThat(named(events, "PoolClose")).hasSize(1);
      assertThat(events.toString()).doesNotContain(Db.server().password());
    }
  }

  /** And who finds a connection idle is in no recording. */
  @Test
  void onlyWhoWaitedIsRecordedWithWhereHeStood(@TempDir Path directory) throws Exception {
    try (Recording recording = new Recording()) {
      recording.start();
      try (Pool pool = open()) {
        FutureTask<String> asks =
            new FutureTask<>(
                () -> {
                  try (Connection connection = pool.getConnection()) {
                    return Db.ask(connection, "select 'served'");
                  }
                });
        Thread waiter = new Thread(asks, "flight-waiter");
        Thread runner =
            new Thread(
                () -> {
                  try (Connection held = pool.getConnection()) {
                    waiter.start();
                    Await.until(Db.LIMIT, () -> pool.snapshot().waiting() == 1, "a waiter");
                    Db.pid(held);
                  } catch (SQLException e) {
                    throw new IllegalStateException(e);
                  }
                },
                "flight-runner");
        runner.start();
        runner.join();
        assertThat(asks.get()).isEqualTo("served");
      }
      List<RecordedEvent> waits = named(read(recording, directory), "AcquireWait");

      assertThat(waits).noneMatch(event -> event.getThread().getJavaName().equals("flight-runner"));
      assertThat(waits)
          .filteredOn(event -> event.getThread().getJavaName().equals("flight-waiter"))
          .singleElement()
          .satisfies(
              event -> {
                assertThat(event.getDuration("waited")).isPositive();
                assertThat(event.getStackTrace().getFrames())
                    .anyMatch(
                        frame ->
                            frame
                                .getMethod()
                                .getType()
                                .getName()
                                .equals(FlightRecordingIT.class.getName()));
              });
    }
  }
}
