package io.everpool.texts;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import io.everpool.core.jdbc.FakeDriver;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.observe.Repeats;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a program does wrong at each lease doesn't drown what else the log has to tell. */
@Timeout(120)
class RepeatedLinesTest {
  private static final int TIMES = 1_000;

  private final List<PoolEvent> events = new CopyOnWriteArrayList<>();
  private final Logged logged = new Logged();
  private final long begun = System.nanoTime();

  @AfterEach
  void stopLogging() {
    logged.close();
  }

  private Pool open(LeaseInterceptor... interceptors) throws SQLException {
    PoolConfig config = PoolConfig.builder("moody:").name("lines").minSize(1).maxSize(1).build();
    Everpool.Builder builder =
        Everpool.builder(config).connector(new Moody()).listener(events::add);
    for (LeaseInterceptor interceptor : interceptors) {
      builder.interceptor(interceptor);
    }
    return builder.open();
  }

  private static void work(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    connection.createStatement().execute("select 1");
  }

  private long lines(Level level, String words) {
    return logged.messages(level).stream().filter(line -> line.contains(words)).count();
  }

  /** However slow the machine is: each ten seconds may bring another line of each place. */
  private void assertToldOf(int places, String words) {
    long longer = Duration.ofNanos(System.nanoTime() - begun).toSeconds() / 10;
    assertThat(lines(Level.WARN, words)).isBetween((long) places, places * (1 + longer));
  }

  @Test
  void a_place_that_leaves_transactions_open_is_told_of_and_not_each_of_them() throws SQLException {
    try (Pool pool = open()) {
      for (int i = 0; i < TIMES; i++) {
        try (Connection connection = pool.getConnection()) {
          work(connection);
        }
      }
      assertToldOf(1, "open transaction");
      try (Connection connection = pool.getConnection()) {
        work(connection); // of another place, which is told of as well
      }
      pool.use(RepeatedLinesTest::work);
      pool.use(RepeatedLinesTest::work); // each in a line of its own, and not the pool's
    }
    assertToldOf(4, "open transaction");
    assertThat(events)
        .filteredOn(PoolEvent.TransactionLeftOpen.class::isInstance)
        .hasSize(TIMES + 3);
    assertThat(lines(Level.WARN, "open transaction") + lines(Level.DEBUG, "open transaction"))
        .isEqualTo(TIMES + 3);
  }

  @Test
  void a_connection_that_cannot_be_brought_back_is_told_of_once_for_each_place()
      throws SQLException {
    FakeDriver driver = new FakeDriver();
    FakeLeaseManager leases = FakeLeaseManager.over(driver);
    leases.repeats = new Repeats<>();
    for (int i = 0; i < TIMES; i++) {
      try (Connection connection = leases.acquire()) {
        connection.setReadOnly(true);
        driver.failNext("setReadOnly", new SQLException("not now", "HY000"));
      }
    }
    assertThat(leases.closed).hasSize(TIMES);
    assertThat(lines(Level.WARN, "could not be brought back")).isEqualTo(1);
    assertThat(lines(Level.DEBUG, "could not be brought back")).isEqualTo(TIMES - 1);
  }

  @Test
  void an_interceptor_that_fails_each_time_is_told_of_and_not_each_time() throws SQLException {
    LeaseInterceptor failing =
        new LeaseInterceptor() {
          @Override
          public void returning(Connection connection) throws SQLException {
            throw new SQLException("never works");
          }
        };
    LeaseInterceptor another =
        new LeaseInterceptor() {
          @Override
          public void returning(Connection connection) {
            throw new IllegalStateException("nor does this");
          }
        };
    try (Pool pool = open(failing, another)) {
      for (int i = 0; i < TIMES; i++) {
        pool.getConnection().close();
      }
    }
    assertToldOf(2, "A lease interceptor failed at the return of");
    assertThat(
            lines(Level.WARN, "failed at the return") + lines(Level.DEBUG, "failed at the return"))
        .isEqualTo(2 * TIMES);
  }
}
