package io.everpool.texts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.LeakStackTraces;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolEvent.NestedAcquire;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import io.everpool.core.jdbc.Logged;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the log tells of those who wait, while they do. */
@Timeout(120)
class WaitLinesTest {
  private static final Duration SHORT = Duration.ofMillis(400);

  private final List<PoolEvent> events = new CopyOnWriteArrayList<>();
  private final Moody database = new Moody();
  private final Logged logged = new Logged();

  @AfterEach
  void stopLogging() {
    logged.close();
  }

  private Pool open(int maxSize) throws SQLException {
    return open(maxSize, Duration.ofMinutes(2));
  }

  private Pool open(int maxSize, Duration acquireTimeout) throws SQLException {
    PoolConfig config =
        PoolConfig.builder("moody:")
            .name("lines")
            .minSize(0)
            .maxSize(maxSize)
            .failFast(false)
            .acquireTimeout(acquireTimeout)
            .drainTimeout(Duration.ZERO)
            .sleep(SleepMode.OFF)
            .leakStackTraces(LeakStackTraces.ALWAYS)
            .build();
    return Everpool.builder(config).connector(database).listener(events::add).open();
  }

  private List<String> warnings(String words) {
    return logged.messages(Level.WARN).stream().filter(line -> line.contains(words)).toList();
  }

  private List<NestedAcquire> nested() {
    return events.stream()
        .filter(NestedAcquire.class::isInstance)
        .map(NestedAcquire.class::cast)
        .toList();
  }

  /** It is no deadlock yet: the other holder does not wait. */
  @Test
  void whoever_holds_one_and_waits_for_another_is_told_of_with_both_places() throws Exception {
    try (Pool pool = open(2)) {
      Borrower busy = Borrower.busy("busy", pool);
      Borrower greedy = Borrower.greedy("greedy", pool);
      Await.until(() -> !warnings("nested acquire").isEmpty(), "the line");
      assertThat(warnings("nested acquire"))
          .singleElement()
          .asString()
          .containsPattern(
              "Pool lines: nested acquire: connection \\d held for .* by greedy #\\d+, which waits for"
                  + " another connection at io.everpool.texts.Borrower.takeOne\\(.*, acquired at"
                  + " io.everpool.texts.Borrower.takeTheFirst\\(")
          .contains("When the holders of all 2 connections do so at once, none of them goes on")
          .contains("Pass the first connection on")
          .doesNotContain("busy");
      Await.until(() -> !nested().isEmpty(), "the event");
      assertThat(nested())
          .singleElement()
          .satisfies(it -> assertThat(it.everyHolderWaits()).isFalse())
          .satisfies(it -> assertThat(it.thread()).startsWith("greedy #"));
      busy.end();
      greedy.end();
    }
  }

  @Test
  void it_is_recognised_when_all_of_them_do() throws Exception {
    try (Pool pool = open(2)) {
      Connection own = pool.getConnection();
      Borrower one = Borrower.greedy("greedy-1", pool);
      Borrower two = Borrower.waiting("unconcerned", pool);
      Await.until(() -> pool.snapshot().waiting() == 2, "two who wait");
      assertThat(warnings("a deadlock")).isEmpty();
      assertThatThrownBy(() -> pool.getConnection(Duration.ofMillis(50)))
          .isInstanceOf(AcquireTimeoutException.class);
      assertThat(warnings("a deadlock"))
          .singleElement()
          .asString()
          .contains("all 2 connections are held by threads that wait for another one")
          .contains("by greedy-1 #")
          .contains("by " + Thread.currentThread().getName() + " #")
          .contains("acquired at io.everpool.texts.WaitLinesTest.it_is_recognised")
          .doesNotContain("unconcerned");
      Await.until(() -> nested().stream().anyMatch(NestedAcquire::everyHolderWaits), "the event");
      own.close();
      one.end();
      two.end();
    }
  }

  /** They have all that they want. */
  @Test
  void two_at_once_are_nothing_to_tell_of_while_there_are_enough() throws Exception {
    try (Pool pool = open(4)) {
      Borrower.greedy("greedy", pool).end();
      Borrower.greedy("greedy", pool).end();
      assertThat(logged.messages(Level.WARN)).isEmpty();
    }
  }

  // ---- long waits

  /** Asks again and again, until the pool has found that one of these waits is long. */
  private static void waitUntil(Pool pool, BooleanSupplier told) throws SQLException {
    Await.until(
        () -> {
          if (told.getAsBoolean()) {
            return true;
          }
          try (Connection connection = pool.getConnection()) {
            throw new AssertionError(connection);
          } catch (SQLTransientConnectionException e) {
            return told.getAsBoolean();
          }
        },
        "a wait that is long");
  }

  @Test
  void a_slow_acquire_names_the_holders() throws Exception {
    try (Pool pool = open(1, SHORT)) {
      Borrower busy = Borrower.busy("busy", pool);
      String line = "Pool lines: " + Thread.currentThread().getName() + " #";
      waitUntil(pool, () -> !warnings(line).isEmpty());
      assertThat(warnings(line))
          .singleElement()
          .asString()
          .containsPattern(
              "Pool lines: "
                  + Thread.currentThread().getName()
                  + " #\\d+ has waited for \\d+ ms for a connection, and waits on")
          .contains("Every connection is in use")
          .containsPattern("held for \\d+m?s by busy #");
      busy.end();
    }
  }

  /** What keeps him waiting is told elsewhere, and so this is no alarm. */
  @Test
  void where_connects_fail_it_says_so() throws Exception {
    try (Pool pool = open(1, SHORT)) {
      database.refuse("the database system is starting up", "57P03");
      assertThatThrownBy(() -> pool.getConnection(Duration.ZERO))
          .isInstanceOf(AcquireTimeoutException.class);
      // Until then a wait is long because a connect is slow, and that would be an alarm.
      Await.until(() -> pool.snapshot().connectFailures() > 0, "a failed connect");
      waitUntil(
          pool,
          () ->
              logged.messages(Level.INFO).stream()
                  .anyMatch(
                      line ->
                          line.contains("has waited for")
                              && line.contains("last connect error: the database system is")));
      assertThat(warnings("has waited for")).isEmpty();
    }
  }

  @Test
  void where_they_are_slow_it_says_so() throws Exception {
    database.shut();
    try (Pool pool = open(1, SHORT)) {
      waitUntil(pool, () -> !warnings("has waited for").isEmpty());
      assertThat(warnings("has waited for").get(0)).contains("No connection was ready in time");
      database.open();
    }
  }
}
