package io.everpool.spring;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.datasource.lookup.AbstractRoutingDataSource;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionExecutionListener;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/** What is a part of a transaction, and what comes after it or beside it. */
@Timeout(120)
class TransactionEndTest {
  private static SpringPool pool;
  private static SpringPool other;
  private static TransactionTemplate transaction;

  /** When Spring tells of a transaction's end. AFTER_COMPLETION is where event listeners run. */
  enum Phase {
    BEFORE_COMMIT,
    BEFORE_COMPLETION,
    AFTER_COMMIT,
    AFTER_COMPLETION
  }

  /** Ways past the connection of a unit that may be run again. */
  enum Beside {
    RUN,
    TRANSACTION,
    TIMEOUT,
    OTHER_POOL,
    OTHER_POOLS_UNIT
  }

  private record At(Phase phase, Runnable action) implements TransactionSynchronization {
    @Override
    public void beforeCommit(boolean readOnly) {
      in(Phase.BEFORE_COMMIT);
    }

    @Override
    public void beforeCompletion() {
      in(Phase.BEFORE_COMPLETION);
    }

    @Override
    public void afterCommit() {
      in(Phase.AFTER_COMMIT);
    }

    @Override
    public void afterCompletion(int status) {
      in(Phase.AFTER_COMPLETION);
    }

    private void in(Phase now) {
      if (now == phase) {
        action.run();
      }
    }
  }

  @BeforeAll
  static void open() throws SQLException {
    PostgresServer server = Boot.server();
    PoolConfig config =
        PoolConfig.builder(server.jdbcUrl())
            .name("ends")
            .user(server.user())
            .password(server.password())
            .minSize(1) // so that nothing comes beside what is counted
            .maxSize(2)
            .build();
    pool = new SpringPool(Everpool.open(config));
    other = new SpringPool(Everpool.open(config.toBuilder().name("other-ends").build()));
    transaction = new TransactionTemplate(watched(new JdbcTransactionManager(pool)));
    new JdbcTemplate(pool).execute("create table if not exists ending (text varchar)");
  }

  @AfterAll
  static void close() {
    other.close();
    pool.close();
  }

  @BeforeEach
  void empty() {
    new JdbcTemplate(pool).execute("delete from ending");
  }

  private static void write(String text) {
    write(text, pool);
  }

  private static void write(String text, SpringPool there) {
    try {
      there.useTransaction(connection -> write(connection, text));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void write(String text, boolean byUnit) {
    if (byUnit) {
      write(text);
    } else {
      new JdbcTemplate(pool).update("insert into ending values (?)", text);
    }
  }

  private static void write(Connection connection, String text) throws SQLException {
    try (var statement = connection.prepareStatement("insert into ending values (?)")) {
      statement.setString(1, text);
      statement.executeUpdate();
    }
  }

  private static int count(String text) {
    Integer count =
        new JdbcTemplate(pool)
            .queryForObject("select count(*) from ending where text = ?", Integer.class, text);
    return count == null ? -1 : count;
  }

  /** At max-size 2: what comes afterwards needs a connection beside the transaction's. */
  @ParameterizedTest
  @CsvSource({
    "BEFORE_COMMIT, true, 1, true",
    "BEFORE_COMPLETION, true, 1, true",
    "BEFORE_COMPLETION, false, 0, true",
    "AFTER_COMMIT, true, 1, true",
    "AFTER_COMPLETION, true, 1, true",
    "AFTER_COMPLETION, false, 1, true",
    "BEFORE_COMMIT, true, 1, false",
    "BEFORE_COMPLETION, true, 1, false",
    "BEFORE_COMPLETION, false, 0, false",
    "AFTER_COMMIT, true, 1, false",
    "AFTER_COMPLETION, true, 1, false",
    "AFTER_COMPLETION, false, 1, false"
  })
  void aUnitIsAPartOfWhatIsNotOver(Phase phase, boolean committed, int there, boolean byUnit) {
    transaction.executeWithoutResult(
        status -> {
          write("part", byUnit);
          TransactionSynchronizationManager.registerSynchronization(
              new At(phase, () -> write("at the end")));
          if (!committed) {
            status.setRollbackOnly();
          }
        });

    assertThat(count("part")).isEqualTo(committed ? 1 : 0);
    assertThat(count("at the end")).isEqualTo(there);
  }

  /** On the connection of what is over it would be committed by the return to autocommit. */
  @ParameterizedTest
  @CsvSource({
    "AFTER_COMMIT, true",
    "AFTER_COMPLETION, true",
    "AFTER_COMMIT, false",
    "AFTER_COMPLETION, false"
  })
  void halfOfAUnitThatFailsAfterwardsIsNotThere(Phase phase, boolean byUnit) {
    AtomicInteger failed = new AtomicInteger();
    transaction.executeWithoutResult(
        status -> {
          write("part", byUnit);
          TransactionSynchronizationManager.registerSynchronization(
              new At(phase, () -> failHalfway(failed)));
        });

    assertThat(failed).hasValue(1);
    assertThat(count("half")).isZero();
    assertThat(count("part")).isEqualTo(1);
  }

  /** What is told of the commit just before can still prevent it. */
  @ParameterizedTest
  @EnumSource(names = {"BEFORE_COMMIT", "BEFORE_COMPLETION"})
  void halfOfAUnitThatFailsJustBeforeIsNotThere(Phase phase) {
    AtomicInteger failed = new AtomicInteger();

    assertThatThrownBy(
            () ->
                transaction.executeWithoutResult(
                    status -> {
                      write("part", false);
                      TransactionSynchronizationManager.registerSynchronization(
                          new At(phase, () -> failHalfway(failed)));
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("was a part of it and has failed");

    assertThat(failed).hasValue(1);
    assertThat(count("half")).isZero();
    assertThat(count("part")).isZero();
  }

  /** Another manager's transaction is within it, and sets its synchronizations aside meanwhile. */
  @Test
  void halfOfAUnitFromWithinAnotherManagersTransactionIsNotThere() {
    TransactionTemplate inner = new TransactionTemplate(watched(new JdbcTransactionManager(other)));

    assertThatThrownBy(
            () ->
                transaction.executeWithoutResult(
                    status -> {
                      write("part");
                      inner.executeWithoutResult(
                          within -> {
                            write("inner", other);
                            failHalfway(new AtomicInteger());
                          });
                    }))
        .hasMessageContaining("was a part of it and has failed");

    assertThat(count("half")).isZero();
    assertThat(count("part")).isZero();
    assertThat(count("inner")).as("nothing of it has failed").isEqualTo(1);
  }

  /** That the inner one is over doesn't end the outer one. */
  @Test
  void whatComesAfterAnotherManagersCommitIsAPartOfTheOuterOne() {
    TransactionTemplate inner = new TransactionTemplate(watched(new JdbcTransactionManager(other)));

    transaction.executeWithoutResult(
        status -> {
          inner.executeWithoutResult(
              within -> {
                write("part");
                TransactionSynchronizationManager.registerSynchronization(
                    new At(Phase.AFTER_COMMIT, () -> write("after")));
              });
          status.setRollbackOnly();
        });

    assertThat(count("part")).isZero();
    assertThat(count("after")).isZero();
  }

  /** Nothing is left of it, and the step was optional. */
  @Test
  void aUnitThatASavepointUndoesPreventsNoCommit() {
    TransactionTemplate step = nested();

    transaction.executeWithoutResult(
        status -> {
          write("part");
          assertThatThrownBy(
                  () ->
                      step.executeWithoutResult(
                          within -> {
                            failHalfway(new AtomicInteger());
                            throw new IllegalStateException("step");
                          }))
              .hasMessage("step");
        });

    assertThat(count("half")).isZero();
    assertThat(count("part")).isEqualTo(1);
  }

  /** A savepoint that is released is no commit, and undoes nothing from before. */
  @Test
  void aUnitThatFailedBeforeASavepointPreventsTheCommitAndNotTheStep() {
    TransactionTemplate step = nested();
    AtomicInteger steps = new AtomicInteger();

    assertThatThrownBy(
            () ->
                transaction.executeWithoutResult(
                    status -> {
                      failHalfway(new AtomicInteger());
                      step.executeWithoutResult(within -> write("step"));
                      steps.incrementAndGet();
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("was a part of it and has failed");

    assertThat(steps).hasValue(1);
    assertThat(count("half")).isZero();
    assertThat(count("step")).isZero();
  }

  /** To the pool that the key names. */
  private static AbstractRoutingDataSource router(AtomicReference<@Nullable String> key) {
    AbstractRoutingDataSource router =
        new AbstractRoutingDataSource() {
          @Override
          protected @Nullable Object determineCurrentLookupKey() {
            return key.get();
          }
        };
    router.setTargetDataSources(Map.of("pool", pool, "other", other));
    return router;
  }

  /** What it routes to may be another pool by the time that a unit begins. */
  @Test
  void aRouterThatHasTurnedElsewhereDoesNotLendTheOtherPoolsConnection() {
    AtomicReference<@Nullable String> key = new AtomicReference<>("pool");
    AbstractRoutingDataSource router = router(key);
    router.setLenientFallback(false);
    router.afterPropertiesSet();

    new TransactionTemplate(watched(new JdbcTransactionManager(router)))
        .executeWithoutResult(
            status -> {
              key.set("other");
              write("of its own", other);
              key.set(null);
              write("part");
              status.setRollbackOnly();
            });

    assertThat(count("part")).isZero();
    assertThat(count("of its own")).isEqualTo(1);
  }

  /** By the time of the first statement it has found its way. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aLazyRouterLendsTheConnectionOfThePoolThatItChoseAtLast(boolean lenient) {
    AtomicReference<@Nullable String> key = new AtomicReference<>(lenient ? "other" : null);
    AbstractRoutingDataSource router = router(key);
    router.setLenientFallback(false);
    router.afterPropertiesSet();
    LazyConnectionDataSourceProxy lazy = new LazyConnectionDataSourceProxy();
    lazy.setTargetDataSource(router);
    lazy.setDefaultAutoCommit(true); // or it asks the router for a connection, to see
    lazy.setDefaultTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);

    new TransactionTemplate(watched(new JdbcTransactionManager(lazy)))
        .executeWithoutResult(
            status -> {
              key.set("pool");
              write("part");
              write("of its own", other);
              status.setRollbackOnly();
            });

    assertThat(count("part")).isZero();
    assertThat(count("of its own")).isEqualTo(1);
  }

  /** As a setter gives it that was given List.of(...). */
  @Test
  void aManagerWhoseListenersAreFixedIsWatched() {
    JdbcTransactionManager manager = new JdbcTransactionManager(pool);
    TransactionExecutionListener own = new TransactionExecutionListener() {};
    manager.setTransactionExecutionListeners(List.of(own));
    TransactionWatch watch = new TransactionWatch();

    watch.postProcessAfterInitialization(manager, "manager");
    watch.postProcessAfterInitialization(manager, "manager");

    assertThat(manager.getTransactionExecutionListeners()).containsExactly(own, watch);
  }

  private static JdbcTransactionManager watched(JdbcTransactionManager manager) {
    new TransactionWatch().postProcessAfterInitialization(manager, "manager");
    return manager;
  }

  private static TransactionTemplate nested() {
    TransactionTemplate step =
        new TransactionTemplate(requireNonNull(transaction.getTransactionManager()));
    step.setPropagationBehavior(TransactionDefinition.PROPAGATION_NESTED);
    return step;
  }

  private static void failHalfway(AtomicInteger failed) {
    assertThatThrownBy(
            () ->
                pool.useTransaction(
                    connection -> {
                      write(connection, "half");
                      throw new IllegalStateException("no");
                    }))
        .hasMessage("no");
    failed.incrementAndGet();
  }

  /** As a manager of messages has it: synchronized, and with nothing to roll back here. */
  @Test
  void aConnectionInAutocommitIsNoTransaction() throws SQLException {
    try (Connection bound = pool.getConnection()) {
      TransactionSynchronizationManager.bindResource(pool, new ConnectionHolder(bound));
      TransactionSynchronizationManager.initSynchronization();
      TransactionSynchronizationManager.setActualTransactionActive(true);
      try {
        assertThatThrownBy(
                () ->
                    pool.useTransaction(
                        connection -> {
                          write(connection, "half");
                          throw new IllegalStateException("no");
                        }))
            .hasMessage("no");
      } finally {
        TransactionSynchronizationManager.clear();
        TransactionSynchronizationManager.unbindResource(pool);
      }
    }
    assertThat(count("half")).isZero();
  }

  /** As a proxy that traces: the manager has that one, and binds the connection to it. */
  @Test
  void aTransactionOfADataSourceThatWrapsThePoolIsJoined() {
    DataSource wrapper = new LazyConnectionDataSourceProxy(new DelegatingDataSource(pool));
    new TransactionTemplate(new JdbcTransactionManager(wrapper))
        .executeWithoutResult(
            status -> {
              write("part");
              status.setRollbackOnly();
            });

    assertThat(count("part")).isZero();
  }

  /** What it has committed would be there twice. */
  @ParameterizedTest
  @EnumSource
  void whatWorksBesideItsConnectionIsNotRunAgain(Beside way) {
    AtomicInteger runs = new AtomicInteger();
    SQLException conflict = new SQLException("conflict", "40001");

    assertThatThrownBy(
            () ->
                pool.rerun(
                    WorkOptions.DEFAULT,
                    () -> {
                      pool.getConnection().close();
                      switch (way) {
                        case RUN -> pool.use(connection -> write(connection, "beside"));
                        case TRANSACTION -> write("beside");
                        case TIMEOUT -> {
                          try (Connection second = pool.getConnection(Duration.ofSeconds(20))) {
                            write(second, "beside");
                          }
                        }
                        case OTHER_POOL -> {
                          try (Connection there = other.getConnection()) {
                            write(there, "beside");
                          }
                        }
                        case OTHER_POOLS_UNIT ->
                            other.rerun(
                                WorkOptions.DEFAULT,
                                () -> {
                                  try (Connection there = other.getConnection()) {
                                    write(there, "beside");
                                  }
                                  return true;
                                });
                      }
                      if (runs.incrementAndGet() == 1) {
                        throw conflict;
                      }
                      return true;
                    }))
        .isSameAs(conflict);

    assertThat(runs).hasValue(1);
    assertThat(count("beside")).isEqualTo(1);
  }

  /** What it keeps to itself is its own: the next finds the connection as a pool would give it. */
  @Test
  void whatOneLoanLeavesTheNextDoesNotFind() throws Exception {
    pool.rerun(
        WorkOptions.DEFAULT,
        () -> {
          try (Connection first = pool.getConnection()) {
            first.setAutoCommit(false);
            first.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            write(first, "left");
          }
          try (Connection second = pool.getConnection()) {
            assertThat(second.getAutoCommit()).isTrue();
            assertThat(second.getTransactionIsolation())
                .isEqualTo(Connection.TRANSACTION_READ_COMMITTED);
            second.setReadOnly(true);
          }
          try (Connection third = pool.getConnection()) {
            assertThat(third.isReadOnly()).isFalse();
            write(third, "kept");
          }
          return true;
        });

    assertThat(count("left")).isZero();
    assertThat(count("kept")).isEqualTo(1);
  }

  /** A run that has asked for nothing here has done what it has done elsewhere. */
  @Test
  void aRunThatUsedNoConnectionIsTheLast() {
    AtomicInteger runs = new AtomicInteger();
    SQLException conflict = new SQLException("conflict", "40001");

    assertThatThrownBy(
            () ->
                pool.rerun(
                    WorkOptions.DEFAULT,
                    () -> {
                      if (runs.incrementAndGet() == 1) {
                        pool.getConnection().close();
                      }
                      throw conflict;
                    }))
        .isInstanceOf(SQLTransactionRollbackException.class)
        .hasMessageContaining("not run again: it has used another connection than the unit's")
        .hasCause(conflict);

    assertThat(runs).hasValue(2);
  }

  /** As when a stream is closed by whoever has read it, on his own thread and later. */
  @Test
  void whoKeepsItBeyondTheEndOfTheUnitClosesIt() throws Exception {
    Connection kept = pool.rerun(WorkOptions.DEFAULT, pool::getConnection);
    assertThat(kept.isClosed()).isFalse();
    int active = pool.snapshot().leased();
    Thread closer =
        new Thread(
            () -> {
              try {
                kept.close();
              } catch (SQLException e) {
                throw new IllegalStateException(e);
              }
            });
    closer.start();
    closer.join();
    assertThat(kept.isClosed()).isTrue();
    assertThat(pool.snapshot().leased()).isEqualTo(active - 1);
  }
}
