package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.HealthCheck;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.ResetMode;
import io.everpool.api.RetryConfig;
import io.everpool.api.Verdict;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.FakeConnector;
import io.everpool.core.jdbc.FakeDriver;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever the pool is doing when something fails, the user's rules are asked, and before the
 * driver's. The failure here is one that no driver knows.
 */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OneClassifierTest {
  private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
  private final List<PoolEvent> events = new CopyOnWriteArrayList<>();
  private final FakeDriver driver = new FakeDriver();
  private volatile @Nullable SQLException openFailure;
  private volatile @Nullable SQLException validateFailure;
  private volatile @Nullable SQLException closeFailure;
  private volatile Look shows = Look.BLIND;

  /** Who borrows, where only his looks count: upkeep may look, too. */
  private volatile @Nullable Thread borrower;

  private final BlockingQueue<Look> looks = new LinkedBlockingQueue<>();

  private static SQLException odd(String when) {
    return new SQLException("odd " + when, "ZZ999");
  }

  /** The fake driver, which fails where the test says. */
  private Connector connector() {
    return new Failing(new FakeConnector());
  }

  private Pool open(PoolConfig.Builder config) throws SQLException {
    return Everpool.builder(config.build())
        .connector(connector())
        .listener(events::add)
        .classifier(
            failure -> {
              if (!"ZZ999".equals(failure.getSQLState())) {
                return null;
              }
              asked.add(String.valueOf(failure.getMessage()));
              return Verdict.CONNECTION_LOST;
            })
        .open();
  }

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("fake:")
        .minSize(1)
        .maxSize(1)
        .healthCheckInterval(Duration.ofHours(1))
        .retry(RetryConfig.DEFAULT.withMaxAttempts(2));
  }

  private void awaitAsked(String about) throws InterruptedException {
    for (String question; (question = asked.poll(60, TimeUnit.SECONDS)) != null; ) {
      if (question.equals(about)) {
        return;
      }
    }
    throw new AssertionError("not asked about \"" + about + '"');
  }

  @Test
  void connecting() throws Exception {
    openFailure = odd("connect");
    try (Pool pool = open(config().failFast(false))) {
      awaitAsked("odd connect");
      openFailure = null;
      pool.getConnection().close();
    }
    assertThat(events)
        .filteredOn(PoolEvent.ConnectFailed.class::isInstance)
        .first()
        .extracting(event -> ((PoolEvent.ConnectFailed) event).verdict())
        .isEqualTo(Verdict.CONNECTION_LOST);
  }

  @Test
  void use() throws Exception {
    try (Pool pool = open(config());
        Connection connection = pool.getConnection();
        Statement statement = connection.createStatement()) {
      driver.failNext("execute", odd("use"));
      assertThat(catchThrowable(() -> statement.execute("select 1"))).hasMessage("odd use");
      awaitAsked("odd use");
    }
    assertThat(events).hasAtLeastOneElementOfType(PoolEvent.ConnectionFailed.class);
  }

  /** A verdict of the user's has a unit run again, like one of the driver's. */
  @Test
  void unitsOfWork() throws Exception {
    try (Pool pool = open(config())) {
      driver.failNext("execute", odd("unit"));
      pool.<Boolean, SQLException>run(
          WorkOptions.READ_ONLY,
          connection -> {
            try (Statement statement = connection.createStatement()) {
              return statement.execute("select 1");
            }
          });
      awaitAsked("odd unit");
      assertThat(pool.snapshot().retries()).isEqualTo(1);
    }
  }

  @Test
  void theExaminationOfAnIdleConnection() throws Exception {
    PoolConfig.Builder config =
        config().healthCheck(HealthCheck.QUERY).healthCheckInterval(Duration.ofMillis(50));
    try (Pool pool = open(config)) {
      validateFailure = odd("probe");
      awaitAsked("odd probe");
      validateFailure = null;
      pool.getConnection().close();
    }
    assertThat(events).hasAtLeastOneElementOfType(PoolEvent.HealthCheckFailed.class);
  }

  /** One that has rested is asked whether it lives, where a look can't tell. */
  @ParameterizedTest
  @EnumSource(Look.class)
  void theExaminationBeforeAConnectionIsLent(Look look) throws Exception {
    shows = look;
    borrower = Thread.currentThread();
    boolean canTell = look == Look.ALIVE || look == Look.DEAD;
    BlockingQueue<?> shown = canTell ? looks : asked;
    try (Pool pool = open(config())) {
      validateFailure = odd("acquire");
      looks.clear(); // whoever opens a pool borrows the first connection, which may have rested
      for (boolean examined = false; !examined; ) {
        pool.getConnection().close(); // only after a whole pass of idleness is it examined
        examined = shown.poll(300, TimeUnit.MILLISECONDS) != null;
      }
      validateFailure = null;
    }
    if (canTell) {
      assertThat(asked).doesNotContain("odd acquire");
    }
  }

  @Test
  void resetting() throws Exception {
    try (Pool pool = open(config())) {
      Connection connection = pool.getConnection();
      connection.setAutoCommit(false);
      connection.createStatement().execute("insert row");
      driver.failNext("rollback", odd("reset"));
      connection.close();
      awaitAsked("odd reset");
    }
    assertThat(events).hasAtLeastOneElementOfType(PoolEvent.ConnectionFailed.class);
  }

  @Test
  void closing() throws Exception {
    try (Pool pool = open(config())) {
      closeFailure = odd("close");
      pool.replaceAll();
      awaitAsked("odd close");
    }
    assertThat(events)
        .as("a close that fails is no evidence against the others")
        .filteredOn(PoolEvent.Fenced.class::isInstance)
        .hasSize(1);
  }

  /** The pool's upkeep depends on an answer: a rule that fails is passed over. */
  @Test
  void aRuleThatFailsIsPassedOver() {
    CompositeClassifier classifier =
        new CompositeClassifier(
            "judged",
            List.of(
                failure -> {
                  throw new IllegalStateException("a mistake");
                },
                failure -> Verdict.REFUSED),
            new FakeConnector(),
            () -> 0);
    assertThat(classifier.apply(odd("any"))).isEqualTo(Verdict.REFUSED);
  }

  @Test
  void aRuleHearsOfEveryCauseAndTheDriverOfTheRest() {
    CompositeClassifier classifier =
        new CompositeClassifier(
            "judged",
            List.of(failure -> "ZZ999".equals(failure.getSQLState()) ? Verdict.SERVER_DOWN : null),
            new FakeConnector(),
            () -> 0);
    RuntimeException circle = new RuntimeException("circle");
    circle.initCause(new RuntimeException(circle));
    assertThat(classifier.apply(new RuntimeException(odd("wrapped"))))
        .isEqualTo(Verdict.SERVER_DOWN);
    assertThat(classifier.apply(new SQLException("lost", "08006")))
        .isEqualTo(Verdict.CONNECTION_LOST);
    assertThat(classifier.apply(circle)).isEqualTo(Verdict.STATEMENT_FAILED);
  }

  private final class Failing implements Connector {
    private final FakeConnector words;

    Failing(FakeConnector words) {
      this.words = words;
    }

    @Override
    public String product() {
      return words.product();
    }

    @Override
    public String target() {
      return words.target();
    }

    @Override
    public PhysicalConnection open(long timeoutNanos) throws SQLException {
      fail(openFailure);
      return new Delegate(driver.open());
    }

    @Override
    public Verdict classify(Throwable failure) {
      return words.classify(failure);
    }

    @Override
    public SideEffects sideEffects(String sql) {
      return words.sideEffects(sql);
    }
  }

  private static void fail(@Nullable SQLException failure) throws SQLException {
    if (failure != null) {
      throw failure;
    }
  }

  private boolean isWatched() {
    Thread only = borrower;
    return only == null || only == Thread.currentThread();
  }

  private final class Delegate implements PhysicalConnection {
    private final PhysicalConnection real;

    Delegate(PhysicalConnection real) {
      this.real = real;
    }

    @Override
    public Connection jdbc() {
      return real.jdbc();
    }

    @Override
    public Look look() {
      if (isWatched()) {
        looks.add(shows);
      }
      return shows;
    }

    @Override
    public void validate(long timeoutNanos) throws SQLException {
      if (isWatched()) {
        fail(validateFailure);
      }
      real.validate(timeoutNanos);
    }

    @Override
    public TransactionState transactionState() {
      return real.transactionState();
    }

    @Override
    public void reset(ResetMode mode, SideEffects sideEffects) throws SQLException {
      real.reset(mode, sideEffects);
    }

    @Override
    public void close() throws SQLException {
      fail(closeFailure);
      real.close();
    }

    @Override
    public void abort() {
      real.abort();
    }
  }
}
