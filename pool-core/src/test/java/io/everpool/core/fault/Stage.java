package io.everpool.core.fault;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import io.everpool.api.Credentials;
import io.everpool.api.HealthCheck;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolState;
import io.everpool.api.ResetMode;
import io.everpool.api.RetryConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.driver.Causes;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import io.everpool.api.observe.WaitListener;
import io.everpool.core.PoolInSimulation;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.InitializationException;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * One pool in one phase, with somebody else's code that misbehaves once; and what must hold. A
 * little long, for it has all that a pool is given of somebody else's, and all the laws.
 */
final class Stage implements AutoCloseable {
  static final long DEADLINE = 1_000_000_000L;
  static final long HEALTH_CHECK = 5 * DEADLINE;

  /** By then whatever hangs is cut: the longest is a close, which is cut at one deadline. */
  private static final long PATIENCE = 10 * DEADLINE;

  /** Methods that return an object. */
  private static final Set<String> ANSWERS = answers();

  private static final Logger LOG = (Logger) LoggerFactory.getLogger(PoolEvents.log().getName());

  private final Phase phase;
  private final Script script = new Script();
  private final Theatre theatre = new Theatre();
  private final FaultyDriver driver;
  private final PoolInSimulation pool;
  private final Paper paper = new Paper();

  /** What the borrower was told; null if he got what he wanted. */
  private final AtomicReference<@Nullable Throwable> told = new AtomicReference<>();

  private final AtomicReference<@Nullable Throwable> thrownAtTheEnd = new AtomicReference<>();

  private volatile @Nullable Thread closer;

  /** A stage with nothing amiss. */
  Stage(Phase phase, boolean plain) {
    this(phase, plain, 1);
  }

  /** A stage for a fault. Whoever hangs in a call of his own keeps his connection. */
  static Stage of(Phase phase, boolean plain, String method, Fault fault) {
    return new Stage(phase, plain, fault == Fault.HANGS && phase.isOfTheCaller(method) ? 2 : 1);
  }

  private Stage(Phase phase, boolean plain, int maxSize) {
    this.phase = phase;
    driver = new FaultyDriver(script, plain);
    PoolConfig config =
        PoolConfig.builder("fault:")
            .name(phase.name())
            .minSize(phase.opens() ? 0 : 1)
            .maxSize(maxSize)
            .failFast(false)
            .acquireTimeout(Duration.ofNanos(PATIENCE))
            .connectTimeout(Duration.ofNanos(DEADLINE))
            .validationTimeout(Duration.ofNanos(DEADLINE))
            .resetTimeout(Duration.ofNanos(DEADLINE))
            .closeTimeout(Duration.ofNanos(DEADLINE))
            .drainTimeout(Duration.ofNanos(DEADLINE))
            .healthCheck(HealthCheck.QUERY)
            .healthCheckInterval(Duration.ofNanos(HEALTH_CHECK))
            .sleep(SleepMode.OFF)
            .reset(ResetMode.SMART)
            .retry(RetryConfig.DEFAULT.withInitialBackoff(Duration.ofMillis(1)))
            .build();
    pool =
        new PoolInSimulation(
            config,
            driver,
            () -> {
              Throwable thrown = script.called("credentials");
              if (thrown == Fault.NULL) {
                return null;
              }
              if (thrown != null) {
                Fault.<RuntimeException>sneak(thrown);
              }
              return Credentials.of("app", "sesame");
            },
            List.of(
                failure -> {
                  foreign("classifier");
                  return null;
                }),
            List.of(new Listener()),
            new LeaseRecorder() {
              @Override
              public void acquired(long waitedNanos) {
                foreign("recorder.acquired");
              }

              @Override
              public void released(long heldNanos) {
                foreign("recorder.released");
              }
            },
            List.of(
                new LeaseInterceptor() {
                  @Override
                  public void acquired(Connection connection) throws SQLException {
                    foreign("interceptor.acquired");
                    try (Statement statement = connection.createStatement()) {
                      statement.execute("set tenant to 1");
                    }
                  }

                  @Override
                  public void returning(Connection connection) {
                    foreign("interceptor.returning");
                  }
                }),
            List.of(connection -> foreign("initializer")),
            theatre.environment());
    paper.start();
    LOG.setLevel(Level.DEBUG);
    LOG.setAdditive(false);
    LOG.addAppender(paper);
  }

  @Override
  public void close() {
    LOG.detachAppender(paper);
    LOG.setAdditive(true);
    LOG.setLevel(null);
  }

  private final class Listener implements PoolListener, WaitListener {
    @Override
    public void onEvent(PoolEvent event) {
      foreign("listener");
    }

    @Override
    public void waited(String name, long nanos) {
      foreign("listener.waited");
    }
  }

  /** What the pool writes its log with. */
  private final class Paper extends UnsynchronizedAppenderBase<ILoggingEvent> {
    @Override
    public void doAppend(ILoggingEvent event) {
      foreign("log"); // the base would keep what this throws
    }

    @Override
    protected void append(ILoggingEvent event) {}
  }

  private void foreign(String name) {
    Throwable thrown = script.called(name);
    if (thrown != null) {
      Fault.<RuntimeException>sneak(thrown);
    }
  }

  /**
   * Whether a method can fail so. Upkeep writes to the log itself: who lets it hang there, has a
   * pool that hangs. Null is no answer of the adapter's, and of him who provides credentials; a
   * null of JDBC's would be one that the program asked for.
   */
  static boolean may(Fault fault, String method) {
    return switch (fault) {
      case HANGS -> !method.equals("log");
      case ANSWERS_NULL -> ANSWERS.contains(method);
      default -> true;
    };
  }

  private static Set<String> answers() {
    return Stream.concat(
            Stream.of("credentials"),
            Stream.of(Connector.class, PhysicalConnection.class)
                .flatMap(type -> Stream.of(type.getMethods()))
                .filter(method -> !method.getReturnType().isPrimitive())
                .map(Method::getName))
        .collect(Collectors.toSet());
  }

  /** What the borrower was told; null if he got what he wanted. */
  @Nullable Throwable told() {
    return told.get();
  }

  // ---- for phases

  Pool pool() {
    return pool.pool();
  }

  void open() throws SQLException {
    pool.open();
  }

  void watch(boolean value) {
    script.watch(value);
  }

  void sleep(long nanos) {
    theatre.sleep(nanos);
  }

  /** Until a connection is looked at before it is lent. */
  void rest() {
    theatre.sleep(DEADLINE / 2);
  }

  /** The next connection shows that those before it go to a server that was superseded. */
  void promote() {
    driver.promote();
  }

  /** The next statement finds its connection lost. */
  void loseNext() {
    driver.breakNext();
  }

  /** The next COMMIT loses its answer. */
  void loseNextCommit() {
    driver.loseNextCommit();
  }

  /** Another caller, whose thread is returned. */
  Thread another() {
    return act(() -> Phase.query(pool()));
  }

  /** Until he stands in line, unless he came to an end before. */
  void awaitWaiter(Thread waiter) {
    while (waiter.isAlive() && pool().snapshot().waiting() == 0) {
      theatre.sleep(DEADLINE / 100);
    }
  }

  /** Or until he hangs. */
  void awaitEnd(Thread caller) {
    while (caller.isAlive() && script.hanging() == null) {
      theatre.sleep(DEADLINE / 100);
    }
  }

  /** Somebody closes the pool, whose thread is returned. */
  Thread closing() {
    Thread thread =
        theatre.act(
            "closer",
            () -> {
              try {
                pool().close();
              } catch (Throwable e) {
                thrownAtTheEnd.set(e);
              }
            });
    closer = thread;
    return thread;
  }

  /** From then on what comes back is closed. */
  void awaitTheEndsBeginning() {
    while (pool().snapshot().state() == PoolState.OPEN) {
      theatre.sleep(DEADLINE / 100);
    }
  }

  /** The callback of a unit. */
  void work() {
    foreign("work");
  }

  // ---- the play

  /** Plays the phase with nothing amiss; returns how often each foreign method was called. */
  Map<String, Integer> rehearse() throws Exception {
    Thread caller = perform();
    assertThat(theatre.play(PATIENCE, () -> !caller.isAlive())).as("it comes to an end").isTrue();
    assertThat(told.get()).as("what the caller is told").isNull();
    script.watch(false);
    Map<String, Integer> calls = script.calls();
    end();
    return calls;
  }

  /** Plays it with a fault; returns false if that did not come to pass. */
  boolean play(String method, int n, Fault fault) throws Exception {
    script.arm(method, n, fault);
    Thread caller = perform();
    Thread hanging = script.hanging();
    if (hanging != null && !phase.ends()) {
      servesOthers();
    }
    script.tell();
    assertThat(theatre.play(PATIENCE, () -> !caller.isAlive()))
        .as("the caller comes back: %s", Theatre.trace(caller))
        .isTrue();
    script.watch(false);
    isToldClearly();
    if (!phase.ends()) {
      keepsTheLaws();
    }
    end();
    return script.struck();
  }

  /** Lets the phase go on until it is over, or as far as it comes. */
  private Thread perform() throws InterruptedException {
    if (!phase.opens()) {
      Thread opener = act(this::open);
      theatre.play(PATIENCE, () -> !opener.isAlive() && pool().snapshot().idle() > 0);
    }
    driver.look(phase.look());
    script.watch(true);
    Thread caller = act(() -> phase.play(this));
    theatre.play(PATIENCE, () -> !caller.isAlive() && script.hanging() == null);
    if (phase.ends()) {
      closes(requireNonNull(closer)); // before whoever hangs is told: nobody's end waits for him
    }
    return caller;
  }

  /** A caller's thread; what is thrown to a caller is his. */
  private Thread act(Part part) {
    return theatre.act(
        "caller",
        () -> {
          try {
            part.play();
          } catch (Throwable e) {
            told.compareAndSet(null, e);
          }
        });
  }

  private interface Part {
    void play() throws Throwable;
  }

  /** A failure as JDBC has them, or the very thing that was thrown. */
  private void isToldClearly() {
    Throwable what = told.get();
    assertThat(what == null || what instanceof SQLException || what == script.thrown())
        .as("what the caller is told: %s", what)
        .isTrue();
  }

  private void servesOthers() throws Exception {
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread other =
        theatre.act(
            "another caller",
            () -> {
              try {
                queryUnlessRefused();
              } catch (Throwable e) {
                thrown.set(e);
              }
            });
    boolean served = theatre.play(PATIENCE + DEADLINE, () -> !other.isAlive());
    assertThat(thrown.get()).as("what the next caller is told").isNull();
    assertThat(served).as("the next caller is served: %s", Theatre.trace(other)).isTrue();
  }

  /**
   * What a user's own set-up of a connection throws is taken for an answer that waiting doesn't
   * change, until the next connect has shown that it does.
   */
  private void queryUnlessRefused() throws SQLException {
    for (long end = theatre.nanoTime() + PATIENCE; ; theatre.sleep(DEADLINE)) {
      try {
        Phase.query(pool());
        return;
      } catch (SQLNonTransientConnectionException e) {
        boolean initializers = Causes.first(e, InitializationException.class) != null;
        if (!initializers || theatre.nanoTime() - end >= 0) {
          throw e;
        }
      }
    }
  }

  private void keepsTheLaws() throws Exception {
    theatre.play(
        PATIENCE,
        () -> {
          PoolSnapshot now = pool().snapshot();
          return now.connecting() + now.closing() + now.probing() + now.leased() == 0
              && theatre.acting() == 0;
        });
    PoolSnapshot now = pool().snapshot();
    assertThat(now.leased()).as("leases that nobody holds").isZero();
    assertThat(now.waiting()).as("callers that nobody serves").isZero();
    assertThat(driver.open()).as("connections open").isEqualTo(now.total());
    assertThat(driver.open()).as("connections open").isLessThanOrEqualTo(now.maxSize());
    assertThat(driver.keepsPoisoned()).as("a connection is kept that must not be lent").isFalse();
    servesOthers();
    assertThat(pool().snapshot().leased()).as("leases that nobody holds").isZero();
    theatre.play(PATIENCE, () -> theatre.acting() == 0);
    assertThat(theatre.acting()).as("threads that don't come back").isZero();
  }

  private void closes(Thread closing) throws InterruptedException {
    theatre.play(PATIENCE, () -> !closing.isAlive());
    closing.join(60_000); // what a listener or a connector holds up is waited for in real time
    assertThat(closing.isAlive()).as("it goes on closing: %s", Theatre.trace(closing)).isFalse();
    assertThat(thrownAtTheEnd.get()).as("what closing throws").isNull();
  }

  private void end() throws Exception {
    closes(closing());
    assertThat(pool().snapshot().state()).isEqualTo(PoolState.CLOSED);
    theatre.play(PATIENCE, () -> theatre.acting() == 0);
    assertThat(driver.open()).as("connections open after the end").isZero();
    assertThat(theatre.acting()).as("threads after the end").isZero();
  }
}
