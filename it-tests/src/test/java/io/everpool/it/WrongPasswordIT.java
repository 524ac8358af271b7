package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolEvent.AcquireRejected;
import io.everpool.api.observe.PoolEvent.AcquireTimedOut;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** A wrong password is told at once, tried seldom, and never shown. */
class WrongPasswordIT {
  private static final String WRONG = "wr0ng-and-secret";

  private static PoolConfig.Builder config(String name) {
    return Db.config(name).password(WRONG);
  }

  /** Everything that a log, a debugger or a monitoring system would show of a failure. */
  static String textOf(Throwable failure) {
    StringWriter text = new StringWriter();
    failure.printStackTrace(new PrintWriter(text, true));
    if (failure instanceof AcquireTimeoutException timeout) {
      text.append(timeout.snapshot().toString()).append(timeout.snapshot().explain());
    }
    return text.toString();
  }

  @Test
  void openingFailsAtOnceAfterOneLoginForEachOfTheMinimum() {
    long before = Db.server().loginFailures();
    long start = System.nanoTime();
    try (LogCapture log = LogCapture.open()) {
      PoolConfig config = config("wrong-open").acquireTimeout(Duration.ofMinutes(5)).build();
      Throwable failure = catchThrowable(() -> Everpool.open(config));
      assertThat(failure).isInstanceOf(SQLException.class);
      assertThat(Db.sqlStates(failure)).contains("28P01");
      assertThat(textOf(failure)).contains("password authentication failed");
      assertThat(System.nanoTime() - start).isLessThan(Duration.ofMinutes(1).toNanos());
      Await.until(
          Db.LIMIT, () -> Db.server().loginFailures() > before, "the server's log of a login");
      assertThat(Db.server().loginFailures() - before).isLessThanOrEqualTo(config.minSize());
      assertThat(log.text() + textOf(failure) + config).doesNotContain(WRONG);
    }
    Threads.awaitNone();
  }

  /** Many callers, and a pool that wants its minimum: still no storm, and no long wait. */
  @Test
  void callersAreToldAtOnceAndTheServerIsLeftAlone() throws Exception {
    long before = Db.server().loginFailures();
    long begun = System.nanoTime();
    List<PoolEvent> inVain = new CopyOnWriteArrayList<>();
    PoolListener counting =
        event -> {
          if (event instanceof AcquireTimedOut || event instanceof AcquireRejected) {
            inVain.add(event);
          }
        };
    try (LogCapture log = LogCapture.open();
        Pool pool =
            Everpool.builder(config("wrong-lazy").failFast(false).build())
                .listener(counting)
                .open()) {
      Crew crew =
          Crew.of(
              8,
              () -> {
                for (int i = 0; i < 5; i++) {
                  Throwable failure = catchThrowable(pool::getConnection);
                  assertThat(failure).isInstanceOf(SQLException.class);
                  assertThat(Db.sqlStates(failure)).contains("28P01");
                  assertThat(textOf(failure)).doesNotContain(WRONG);
                }
              });
      crew.join();
      assertThat(crew.errors()).isEmpty();
      assertThat(inVain).as("each of them is counted").hasSize(40);
      assertThat(Db.server().loginFailures() - before).isBetween(1L, mostLogins(begun));
      assertThat(log.text() + pool + pool.snapshot() + pool.snapshot().explain())
          .doesNotContain(WRONG);
    }
  }

  /** Passwords are rotated while applications run. */
  @Test
  void aPasswordThatIsChangedMeanwhileCausesNoStormAndIsFoundWhenItIsRightAgain()
      throws SQLException {
    String password = "first-and-secret";
    Db.server().execute("drop role if exists rotated");
    Db.server().execute("create role rotated login password '" + password + "'");
    PoolConfig config =
        Db.config("wrong-later")
            .user("rotated")
            .password(password)
            .healthCheckInterval(Duration.ofMillis(100))
            .acquireTimeout(Duration.ofSeconds(20))
            .build();
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config)) {
      Db.awaitIdle(pool, 2);
      Db.server().execute("alter role rotated password 'second'");
      long before = Db.server().loginFailures();
      long begun = System.nanoTime();
      Db.server().terminateAll(pool.name());
      Await.until(Db.LIMIT, () -> pool.snapshot().total() == 0, "the pool to notice");
      Throwable failure = catchThrowable(pool::getConnection);
      assertThat(failure).isInstanceOf(SQLException.class);
      assertThat(Db.sqlStates(failure)).contains("28P01");
      assertThat(textOf(failure)).doesNotContain(password);
      Db.staysTrue(
          Duration.ofSeconds(1),
          () -> Db.server().loginFailures() - before <= mostLogins(begun),
          "few logins with a password that isn't right any more");
      Db.server().execute("alter role rotated password '" + password + "'");
      Await.until(Duration.ofSeconds(60), () -> answers(pool), "the pool to log in again");
      assertThat(log.text()).doesNotContain(password);
    }
  }

  /** A burst before the first refusal, and then half a second or more between two. */
  private static long mostLogins(long since) {
    return 10 + Duration.ofNanos(System.nanoTime() - since).toMillis() / 500;
  }

  private static boolean answers(Pool pool) {
    try (Connection connection = pool.getConnection()) {
      return connection.isValid(20);
    } catch (SQLException e) {
      return false;
    }
  }

  /** Whatever is logged when all goes well, at the finest level, carries no secret either. */
  @Test
  void theRightPasswordIsNeverShown() throws Exception {
    String secret = Db.server().password();
    try (LogCapture log = LogCapture.open()) {
      Pool pool = Everpool.open(Db.config("right", Db.server().libpqUrl()).build());
      Db.grow(pool, 4);
      Db.server().terminateAll(pool.name());
      Await.until(Db.LIMIT, () -> answers(pool), "the pool to heal");
      try (Connection connection = pool.getConnection()) {
        assertThat(
                connection.toString()
                    + connection.getMetaData().getURL()
                    + connection.getClientInfo()
                    + pool
                    + pool.config()
                    + pool.snapshot().explain())
            .doesNotContain(secret);
      }
      assertThat(String.join(",", Threads.of(""))).doesNotContain(secret);
      pool.close();
      assertThat(log.text()).isNotEmpty().doesNotContain(secret);
    }
  }
}
