package io.everpool.texts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.everpool.api.Classifier;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.UnitListener;
import io.everpool.api.observe.WaitListener;
import io.everpool.core.Everpool;
import io.everpool.core.jdbc.FakeDriver;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Repeats;
import io.everpool.core.observe.UnitWatch;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
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

  private Everpool.Builder builder() {
    PoolConfig config = PoolConfig.builder("moody:").name("lines").minSize(1).maxSize(1).build();
    return Everpool.builder(config).connector(new Moody()).listener(events::add);
  }

  private Pool open(LeaseInterceptor... interceptors) throws SQLException {
    Everpool.Builder builder = builder();
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
    assertToldOf(Level.WARN, places, words);
  }

  private void assertToldOf(Level level, int places, String words) {
    long longer = Duration.ofNanos(System.nanoTime() - begun).toSeconds() / 10;
    assertThat(lines(level, words)).isBetween((long) places, places * (1 + longer));
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

  @Test
  void a_listener_that_fails_each_time_is_told_of_and_not_each_time() throws SQLException {
    UnitListener failing =
        new UnitListener() {
          @Override
          public void onEvent(PoolEvent event) {
            if (event instanceof PoolEvent.TransactionLeftOpen) {
              throw new IllegalStateException("never works");
            }
          }

          @Override
          public Watch unitBegins(String pool, Kind kind, WorkOptions options) {
            return failure -> {
              throw new StackOverflowError("nor does this");
            };
          }
        };
    try (Pool pool = builder().listener(failing).open()) {
      for (int i = 0; i < TIMES; i++) {
        pool.use(RepeatedLinesTest::work);
      }
    }
    String event = "failed at TransactionLeftOpen";
    assertToldOf(1, event);
    assertThat(lines(Level.WARN, event) + lines(Level.DEBUG, event)).isEqualTo(TIMES);
    String end = "telling of a unit's end failed";
    assertToldOf(Level.ERROR, 1, end);
    assertThat(lines(Level.ERROR, end) + lines(Level.DEBUG, end)).isEqualTo(TIMES);
  }

  /** Who hears of waits, or of the beginning of units, likewise. */
  @Test
  void whoever_listens_to_what_happens_often_is_no_exception() {
    long[] now = {Long.MAX_VALUE};
    PoolEvents deaf = new PoolEvents("lines", List.of(new Deaf(), new Deaf()));
    deaf.clock(() -> now[0]);
    for (int i = 0; i < TIMES; i++) {
      deaf.waited(1);
      UnitWatch watch = deaf.watchUnit(UnitListener.Kind.RUN, WorkOptions.DEFAULT);
      watch.runsAgain(2, new SQLException("a conflict"));
      watch.ended(null);
    }
    assertThat(lines(Level.ERROR, "telling of a wait")).isEqualTo(2);
    assertThat(lines(Level.ERROR, "telling of a unit's beginning")).isEqualTo(2);
    now[0] += Repeats.AGAIN;
    deaf.waited(1);
    assertThat(lines(Level.ERROR, "telling of a wait")).isEqualTo(4);
    assertThat(lines(Level.ERROR, "(and " + (TIMES - 1) + " more since the last such line)"))
        .isEqualTo(2);
  }

  private static final class Deaf implements WaitListener, UnitListener {
    @Override
    public void onEvent(PoolEvent event) {}

    @Override
    public void waited(String pool, long nanos) {
      throw new IllegalStateException("never works");
    }

    @Override
    public Watch unitBegins(String pool, Kind kind, WorkOptions options) {
      throw new IllegalStateException("never works");
    }
  }

  @Test
  void a_recorder_that_fails_each_time_is_told_of_and_not_each_time() throws SQLException {
    try (Pool pool = builder().recorder(new Failing()).open()) {
      lend(pool);
    }
    assertToldOf(Level.ERROR, 1, "the lease recorder failed");
    try (Pool pool = builder().recorder(new Failing()).recorder(new Failing()).open()) {
      lend(pool);
    }
    assertToldOf(Level.ERROR, 2, "a lease recorder failed");
  }

  private static void lend(Pool pool) throws SQLException {
    for (int i = 0; i < TIMES; i++) {
      pool.getConnection().close();
    }
  }

  private static final class Failing implements LeaseRecorder {
    @Override
    public void acquired(long waitedNanos) {
      throw new IllegalStateException("never works");
    }

    @Override
    public void released(long heldNanos) {
      throw new IllegalStateException("never works");
    }
  }

  @Test
  void a_classifier_that_fails_each_time_is_told_of_and_not_each_time() throws SQLException {
    Classifier failing =
        failure -> {
          throw new IllegalStateException("never works");
        };
    try (Pool pool = builder().classifier(failing).open();
        Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      for (int i = 0; i < TIMES; i++) {
        assertThatThrownBy(() -> statement.execute("no SQL")).isInstanceOf(SQLException.class);
      }
    }
    assertToldOf(1, "a classifier failed and is passed over");
  }
}
