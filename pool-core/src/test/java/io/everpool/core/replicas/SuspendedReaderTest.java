package io.everpool.core.replicas;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.api.PoolClosedException;
import io.everpool.api.PoolConfig;
import io.everpool.api.ReaderFallback;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.PoolOperations;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import io.everpool.core.jdbc.Logged;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An operator suspends a reader by its own bean, and the writer goes on: whoever reads is served
 * elsewhere at once. Nobody here would live to see an acquire-timeout.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SuspendedReaderTest extends ThreeServers {
  private static final WorkOptions READ = WorkOptions.READ_ONLY;

  private final Map<String, PoolOperations> beans = new ConcurrentHashMap<>();
  private Pool pool;

  @AfterEach
  void close() {
    pool.close();
  }

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("jdbc:by-hand")
        .name("orders")
        .minSize(1)
        .maxSize(1)
        .acquireTimeout(Duration.ofHours(1));
  }

  private void open(PoolConfig.Builder config, Server... readers) throws SQLException {
    Everpool.Builder builder = Everpool.builder(config.build()).connector(writer);
    for (Server reader : readers) {
      builder.reader(reader);
    }
    pool =
        builder
            .listener(
                event -> {
                  if (event instanceof PoolEvent.PoolOpened opened) {
                    beans.put(event.pool(), PoolOperations.of(opened.self()));
                  }
                })
            .open();
  }

  private PoolOperations bean(String name) {
    return requireNonNull(beans.get(name), name);
  }

  private String reader() throws SQLException {
    return pool.<String, SQLException>run(READ, Server::of);
  }

  private CompletableFuture<String> readerLater() {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return reader();
          } catch (SQLException e) {
            throw new AssertionError(e);
          }
        });
  }

  private static void await(String what, Await.Fact<? extends Exception> fact) throws Exception {
    Await.until(fact, what);
  }

  private void suspendTheFirst() throws Exception {
    bean("orders-reader-1").suspend();
    await(
        "the suspension",
        () -> {
          var now = pool.readerSnapshots().get(0);
          return now.suspended() && now.total() == 0 && now.connecting() == 0;
        });
  }

  @Test
  void itIsLeftOutUntilItIsResumed() throws Exception {
    try (Logged logged = new Logged()) {
      open(config(), one);
      await("the reader", () -> reader().equals("one"));
      suspendTheFirst();
      for (int i = 0; i < 20; i++) {
        assertThat(reader()).isEqualTo("writer");
      }
      assertThat(pool.readerSnapshots().get(0).waiting()).as("those who look at it").isZero();
      assertThat(logged.messages(Level.WARN))
          .containsOnlyOnce(
              "Pool orders: reader orders-reader-1 at one.example.com is left out: an operator has"
                  + " suspended it");

      bean("orders-reader-1").resume();
      assertThat(reader()).isEqualTo("one");
      assertThat(logged.messages(Level.INFO))
          .contains("Pool orders: reader orders-reader-1 at one.example.com is back");
    }
  }

  @Test
  void anotherReaderServesInItsPlace() throws Exception {
    open(config().readerFallback(ReaderFallback.FAIL), one, two);
    await("the second reader", () -> pool.readerSnapshots().get(1).idle() == 1);
    suspendTheFirst();
    for (int i = 0; i < 20; i++) {
      assertThat(reader()).isEqualTo("two");
    }
  }

  @Test
  void whereNobodyServesInItsPlaceTheReasonIsTold() throws Exception {
    open(config().readerFallback(ReaderFallback.FAIL), one);
    await("the reader", () -> reader().equals("one"));
    suspendTheFirst();
    WorkOptions brief = READ.withDeadline(Duration.ofMillis(100));
    for (WorkOptions options : new WorkOptions[] {brief, brief.after("7")}) {
      assertThatThrownBy(() -> pool.<String, SQLException>run(options, Server::of))
          .isInstanceOf(SQLTransientConnectionException.class)
          .hasMessageContaining("orders-reader-1: an operator has suspended it. With ");
    }
    CompletableFuture<String> waiting = readerLater();
    bean("orders-reader-1").resume();
    assertThat(waiting.get(30, TimeUnit.SECONDS)).isEqualTo("one");
  }

  /** Of one that fails as well it is said what whoever asks can change. */
  @Test
  void whatFailedBeforeIsNotTheReasonAnyMore() throws Exception {
    one.goDown();
    open(config().readerFallback(ReaderFallback.FAIL), one);
    await("the failure", () -> pool.readerSnapshots().get(0).connectFailures() > 0);
    suspendTheFirst();
    assertThatThrownBy(
            () ->
                pool.<String, SQLException>run(
                    READ.withDeadline(Duration.ofMillis(100)), Server::of))
        .hasMessageContaining("orders-reader-1: an operator has suspended it. With ");
  }

  /** Neither is it one that is left out for another reason. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void itIsNotWaitedForAfterTheEndOfThePool(boolean suspended) throws Exception {
    if (!suspended) {
      one.goDown();
    }
    open(config().readerFallback(ReaderFallback.FAIL), one);
    if (suspended) {
      suspendTheFirst();
    } else {
      await("the failure", () -> pool.readerSnapshots().get(0).connectFailures() > 0);
    }
    CompletableFuture<Throwable> waiting =
        CompletableFuture.supplyAsync(() -> catchThrowable(this::reader));
    pool.close();
    assertThat(waiting.get(30, TimeUnit.SECONDS)).isInstanceOf(PoolClosedException.class);
    assertThatThrownBy(this::reader).isInstanceOf(PoolClosedException.class);
  }

  /** He came before it was suspended. */
  @Test
  void whoStandsInItsLineIsServedElsewhere() throws Exception {
    open(config(), one);
    await("the reader", () -> reader().equals("one"));
    try (Connection held = pool.reader().getConnection()) {
      assertThat(Server.of(held)).isEqualTo("one");
      CompletableFuture<String> waiting = readerLater();
      await("the line", () -> pool.readerSnapshots().get(0).waiting() == 1);
      bean("orders-reader-1").suspend();
      assertThat(waiting.get(30, TimeUnit.SECONDS)).isEqualTo("writer");
    }
  }

  /** Without any server there is nothing better than to stand in line, and no error. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void withTheWriterItsCallersStandInLine(boolean fallsBack) throws Exception {
    try (Logged logged = new Logged()) {
      ReaderFallback fallback = fallsBack ? ReaderFallback.WRITER : ReaderFallback.FAIL;
      open(config().readerFallback(fallback), one);
      await("the reader", () -> reader().equals("one"));
      PoolOperations.of(pool).suspend();
      await("the suspension", () -> pool.readerSnapshots().get(0).suspended());
      CompletableFuture<String> waiting = readerLater();
      await("the line", () -> pool.readerSnapshots().get(0).waiting() == 1);
      PoolOperations.of(pool).resume();
      assertThat(waiting.get(30, TimeUnit.SECONDS)).isEqualTo("one");
      assertThat(reader()).isEqualTo("one");
      assertThat(logged.messages(Level.WARN)).noneMatch(line -> line.contains("is left out"));
    }
  }

  /** The writer is back, and the reader is to stay away. */
  @Test
  void whoStandsInLineWithTheWriterGoesThereOnceItIsResumed() throws Exception {
    open(config(), one);
    await("the reader", () -> reader().equals("one"));
    PoolOperations.of(pool).suspend();
    await("the suspension", () -> pool.readerSnapshots().get(0).suspended());
    CompletableFuture<String> waiting = readerLater();
    await("the line", () -> pool.readerSnapshots().get(0).waiting() == 1);
    bean("orders").resume();
    assertThat(waiting.get(30, TimeUnit.SECONDS)).isEqualTo("writer");
  }
}
