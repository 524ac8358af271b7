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
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/** What is a part of a transaction, and what comes after it or beside it. */
@Timeout(120)
class TransactionEndTest {
  private static SpringPool pool;
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
    TIMEOUT
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
    transaction = new TransactionTemplate(new JdbcTransactionManager(pool));
    new JdbcTemplate(pool).execute("create table if not exists ending (text varchar)");
  }

  @AfterAll
  static void close() {
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
    "BEFORE_COMMIT, true, 1",
    "BEFORE_COMPLETION, true, 1",
    "BEFORE_COMPLETION, false, 0",
    "AFTER_COMMIT, true, 1",
    "AFTER_COMPLETION, true, 1",
    "AFTER_COMPLETION, false, 1"
  })
  void aUnitIsAPartOfWhatIsNotOver(Phase phase, boolean committed, int there) {
    transaction.executeWithoutResult(
        status -> {
          write("part");
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
  @EnumSource(names = {"AFTER_COMMIT", "AFTER_COMPLETION"})
  void halfOfAUnitThatFailsAfterwardsIsNotThere(Phase phase) {
    AtomicInteger failed = new AtomicInteger();
    transaction.executeWithoutResult(
        status -> {
          write("part");
          TransactionSynchronizationManager.registerSynchronization(
              new At(
                  phase,
                  () -> {
                    assertThatThrownBy(
                            () ->
                                pool.useTransaction(
                                    connection -> {
                                      write(connection, "half");
                                      throw new IllegalStateException("no");
                                    }))
                        .hasMessage("no");
                    failed.incrementAndGet();
                  }));
        });

    assertThat(failed).hasValue(1);
    assertThat(count("half")).isZero();
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
                          try (Connection other = pool.getConnection(Duration.ofSeconds(20))) {
                            write(other, "beside");
                          }
                        }
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
}
