package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.support.JdbcTransactionManager;
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
            .maxSize(2)
            .build();
    pool = new SpringPool(Everpool.open(config));
    other = new SpringPool(Everpool.open(config.toBuilder().name("other-ends").build()));
    JdbcTransactionManager manager = new JdbcTransactionManager(pool);
    new TransactionWatch().postProcessAfterInitialization(manager, "transactionManager");
    transaction = new TransactionTemplate(manager);
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
    try {
      pool.useTransaction(connection -> write(connection, text));
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

  /** Its manager has no synchronizations of its own, for the outer one's are there already. */
  @Test
  void halfOfAUnitInAnInnerTransactionIsNotThere() {
    JdbcTransactionManager manager = new JdbcTransactionManager(other);
    new TransactionWatch().postProcessAfterInitialization(manager, "other");
    TransactionTemplate inner = new TransactionTemplate(manager);

    transaction.executeWithoutResult(
        status -> {
          write("part");
          assertThatThrownBy(
                  () ->
                      inner.executeWithoutResult(within -> failHalfway(other, new AtomicInteger())))
              .hasMessageContaining("was a part of it and has failed");
        });

    assertThat(count("half")).isZero();
    assertThat(count("part")).isEqualTo(1);
  }

  private static void failHalfway(AtomicInteger failed) {
    failHalfway(pool, failed);
  }

  private static void failHalfway(SpringPool there, AtomicInteger failed) {
    assertThatThrownBy(
            () ->
                there.useTransaction(
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
        .isSameAs(conflict);

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
