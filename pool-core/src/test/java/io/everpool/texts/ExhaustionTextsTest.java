package io.everpool.texts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.SleepMode;
import io.everpool.api.framework.PoolOperations;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A caller gets no connection. All that these tests look at is what he is told: it names the one
 * cause and says what to do.
 */
@Timeout(120)
class ExhaustionTextsTest {
  private static final Duration SHORT = Duration.ofMillis(50);
  private static final Duration HOUR = Duration.ofHours(1);

  private final Moody database = new Moody();

  private static PoolConfig.Builder config(int maxSize) {
    return PoolConfig.builder("moody:")
        .name("texts")
        .minSize(0)
        .maxSize(maxSize)
        .acquireTimeout(HOUR)
        .drainTimeout(Duration.ZERO)
        .sleep(SleepMode.OFF);
  }

  private Pool open(PoolConfig.Builder config) throws SQLException {
    return Everpool.builder(config.build()).connector(database).open();
  }

  private static void await(Pool pool, Predicate<PoolSnapshot> fact) {
    Await.until(() -> fact.test(pool.snapshot()), pool);
  }

  /** What a caller is told who waits for a moment. */
  private static String told(Pool pool) {
    Throwable thrown = catchThrowable(() -> pool.getConnection(SHORT).close());
    assertThat(thrown).isInstanceOf(SQLException.class);
    return String.valueOf(thrown.getMessage());
  }

  @Test
  void all_are_held() throws Exception {
    try (Pool pool = open(config(2))) {
      Borrower one = Borrower.busy("order-1", pool);
      Borrower two = Borrower.busy("order-2", pool);
      assertThat(told(pool))
          .contains(
              "(the limit of this call). Every connection is in use: return connections sooner")
          .contains("raise max-size")
          .contains("order-1 #")
          .contains("order-2 #")
          .contains("CountDownLatch.await, called from io.everpool.texts.Borrower.workWithoutEnd")
          .doesNotContain("forgotten")
          .doesNotContain("ested acquire");
      one.end();
      two.end();
    }
  }

  /** What he could raise is high enough. */
  @Test
  void an_operator_has_made_it_smaller() throws Exception {
    try (Pool pool = open(config(20).leakThreshold(Duration.ofMinutes(30)))) {
      PoolOperations.of(pool).resize(0, 2);
      await(pool, it -> it.maxSize() == 2);
      Borrower one = Borrower.busy("order-1", pool);
      Borrower two = Borrower.busy("order-2", pool);
      assertThat(told(pool))
          .contains(
              "An operator has made the pool smaller: it may have 2 connections now, and max-size"
                  + " is 20. Every connection is in use: return connections sooner")
          .contains("have it made larger again if the server has room")
          .doesNotContain("raise max-size");
      one.end();
      try (Connection own = pool.getConnection()) {
        assertThat(own.isClosed()).isFalse();
        assertThat(told(pool))
            .contains("made the pool smaller: it may have 2 connections now, and max-size is 20. ")
            .contains("Nested acquire: this thread holds a connection already");
      }
      PoolOperations.of(pool).resize(0, 20);
      await(pool, it -> it.maxSize() == 20);
      two.end();
    }
  }

  @Test
  void as_large_as_it_was_opened_nobody_has_made_it_smaller() throws Exception {
    try (Pool pool = open(config(1))) {
      PoolOperations.of(pool).resize(1, 1);
      Borrower holder = Borrower.busy("holder", pool);
      assertThat(told(pool)).contains("raise max-size").doesNotContain("operator");
      holder.end();
    }
  }

  @Test
  void one_was_forgotten() throws Exception {
    try (Pool pool = open(config(2).leakThreshold(Duration.ofMillis(200)))) {
      Borrower forgetful = Borrower.busy("forgetful", pool);
      await(pool, it -> it.holders().get(0).heldFor().toMillis() >= 200);
      Borrower recent = Borrower.busy("recent", pool);
      assertThat(told(pool))
          .contains("of 2 for longer than leak-threshold")
          .contains("Close connections with try-with-resources")
          .containsPattern("held for \\d+m?s by forgetful #");
      forgetful.end();
      recent.end();
    }
  }

  @Test
  void one_was_forgotten_where_nobody_has_said_what_is_long() throws Exception {
    try (Pool pool =
        open(config(1).minSize(1).failFast(false).acquireTimeout(Duration.ofSeconds(1)))) {
      await(pool, it -> it.idle() == 1); // so that the borrower waits for no connect
      Borrower forgetful = Borrower.busy("forgetful", pool);
      await(pool, it -> it.holders().get(0).heldFor().toMillis() >= 2_000);
      assertThat(told(pool))
          .contains("1 of 1 for more than twice acquire-timeout")
          .contains("(a leak)")
          .contains("Set leak-threshold")
          .contains("by forgetful #");
      forgetful.end();
    }
  }

  /** Whoever gives up first frees the others, and is told of all of them. */
  @Test
  void every_holder_waits_for_a_second_one() throws Exception {
    try (Pool pool = open(config(2))) {
      Connection first = pool.getConnection();
      Borrower other = Borrower.greedy("greedy", pool);
      await(pool, it -> it.waiting() == 1);
      assertThat(told(pool))
          .contains("Nested acquire: every holder waits for a second connection (a deadlock)")
          .contains("Pass the first connection on")
          .contains("(threads x (connections of each - 1)) + 1 in max-size")
          .containsPattern(
              "by greedy #\\d+, which waits for another connection at"
                  + " io.everpool.texts.Borrower.takeOne\\(.*"
                  + " < io.everpool.texts.Borrower.takeTheFirst\\(")
          .containsPattern(
              Thread.currentThread().getName()
                  + " #\\d+, which waits for another connection at"
                  + " io.everpool.texts.ExhaustionTextsTest");
      first.close();
      other.end();
    }
  }

  @Test
  void the_caller_himself_has_one() throws Exception {
    try (Pool pool = open(config(2));
        Connection first = pool.getConnection()) {
      Borrower other = Borrower.busy("other", pool);
      assertThat(first.isClosed()).isFalse();
      assertThat(told(pool))
          .contains("Nested acquire: this thread holds a connection already and asks for another")
          .contains("Pass the first connection on")
          .contains("by other #");
      other.end();
    }
  }

  /** A leak in a loop, or a pool of one and a method that calls another. */
  @Test
  void the_caller_himself_has_all_of_them() throws Exception {
    try (Pool pool = open(config(1));
        Connection first = pool.getConnection()) {
      assertThat(first.isClosed()).isFalse();
      assertThat(told(pool))
          .contains("This thread holds every connection itself and asks for another")
          .contains("Close them with try-with-resources")
          .contains("pass the first one on to what needs one");
    }
  }

  @Test
  void the_server_refuses() throws Exception {
    try (Pool pool = open(config(2).failFast(false))) {
      database.refuse("password authentication failed", "28P01");
      Borrower witness = Borrower.waiting("witness", pool);
      await(pool, it -> it.connectFailures() > 0);
      assertThat(told(pool))
          .contains("password authentication failed")
          .contains("check user, password and the database's name");
      assertThat(catchThrowable(witness::end)).isInstanceOf(SQLException.class);
    }
  }

  @Test
  void the_server_refuses_more_than_there_are() throws Exception {
    database.slots(1);
    try (Pool pool = open(config(2))) {
      Borrower holder = Borrower.busy("holder", pool);
      Borrower witness = Borrower.waiting("witness", pool);
      await(pool, it -> it.connectFailures() > 0);
      assertThat(told(pool))
          .contains("The pool could not grow")
          .contains("lower max-size here or in other applications, or raise the server's limit")
          .contains("last connect error: sorry, too many clients already")
          .contains("by holder #");
      holder.end();
      witness.end();
    }
  }

  @Test
  void connects_are_slow() throws Exception {
    database.shut();
    try (Pool pool = open(config(1).failFast(false))) {
      Borrower witness = Borrower.waiting("witness", pool);
      await(pool, it -> it.connecting() == 1);
      assertThat(told(pool))
          .contains("No connection was ready in time: one was being opened for ")
          .contains("is slow: raise acquire-timeout above what a connect takes")
          .contains("min-size")
          .contains("connect-timeout (10000 ms)")
          .doesNotContain("asleep");
      database.open();
      witness.end();
    }
  }

  @Test
  void the_database_is_being_woken() throws Exception {
    database.shut();
    try (Pool pool =
        open(config(1).failFast(false).sleep(SleepMode.ON).sleepAfter(Duration.ofMillis(1)))) {
      await(pool, PoolSnapshot::asleep);
      Borrower witness = Borrower.waiting("witness", pool);
      await(pool, it -> it.connecting() == 1);
      assertThat(told(pool))
          .contains("The database was asleep")
          .contains("is being woken: a connection is being opened for ")
          .contains("raise acquire-timeout and connect-timeout above that")
          .contains("sleep = off");
      database.open();
      witness.end();
    }
  }

  @Test
  void the_pool_is_closed() throws Exception {
    Pool pool = open(config(1));
    pool.close();
    assertThat(told(pool))
        .contains("The connection pool texts is closed, and lends nothing any more")
        .contains("Close it only after what uses it has ended, or open another");
  }

  @Test
  void an_operator_has_suspended_it() throws Exception {
    try (Pool pool = open(config(1))) {
      PoolOperations.of(pool).suspend();
      await(pool, PoolSnapshot::suspended);
      assertThat(told(pool))
          .contains("An operator has suspended the pool: it lends nothing until it is resumed");
    }
  }

  @Test
  void too_many_wait_already() throws Exception {
    try (Pool pool = open(config(1).maxWaiters(0))) {
      Borrower holder = Borrower.busy("holder", pool);
      assertThat(told(pool))
          .contains("Refused at once: 0 callers (max-waiters) wait")
          .contains("return connections sooner")
          .contains("by holder #");
      holder.end();
    }
  }
}
