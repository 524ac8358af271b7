package io.everpool.spring;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.Work;
import io.everpool.api.WorkDeadlineException;
import io.everpool.api.WorkOptions;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.interceptor.TransactionAspectSupport;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** What the options of a unit do to the Spring transaction that it is a part of. */
@Tag("contract")
@Timeout(120)
class TransactionPartTest {
  private static AnnotationConfigApplicationContext context;
  private static TransactionsTest.Bank bank;
  private static JdbcTemplate jdbc;

  @BeforeAll
  static void start() {
    context = TransactionsTest.application("parts");
    bank = context.getBean(TransactionsTest.Bank.class);
    jdbc = context.getBean(JdbcTemplate.class);
    jdbc.execute("create table if not exists part (text varchar)");
  }

  @AfterAll
  static void end() {
    context.close();
  }

  @BeforeEach
  void empty() {
    jdbc.execute("delete from part");
  }

  /** Ways in which a unit becomes a part of a transaction. */
  enum Way {
    RUN {
      @Override
      <T> T run(Pool pool, WorkOptions options, Work<T, SQLException> work) throws SQLException {
        return pool.run(options, work);
      }
    },
    IN_TRANSACTION {
      @Override
      <T> T run(Pool pool, WorkOptions options, Work<T, SQLException> work) throws SQLException {
        return pool.inTransaction(options, work);
      }
    },
    WITHIN_A_PART {
      @Override
      <T> T run(Pool pool, WorkOptions options, Work<T, SQLException> work) throws SQLException {
        return pool.inTransaction(WorkOptions.DEFAULT, outer -> pool.run(options, work));
      }
    },
    AROUND_A_PART {
      @Override
      <T> T run(Pool pool, WorkOptions options, Work<T, SQLException> work) throws SQLException {
        return pool.run(options, outer -> pool.inTransaction(WorkOptions.DEFAULT, work));
      }
    };

    abstract <T> T run(Pool pool, WorkOptions options, Work<T, SQLException> work)
        throws SQLException;
  }

  private static int stock(Connection connection) throws SQLException {
    try (var rows = connection.createStatement().executeQuery("select count(*) from part")) {
      rows.next();
      return rows.getInt(1);
    }
  }

  private static void write(JdbcTemplate jdbc, String text) {
    jdbc.update("insert into part values (?)", text);
  }

  private static boolean write(Connection connection, String text) throws SQLException {
    try (var statement = connection.prepareStatement("insert into part values (?)")) {
      statement.setString(1, text);
      return statement.executeUpdate() == 1;
    }
  }

  private static int count() {
    return requireNonNull(jdbc.queryForObject("select count(*) from part", Integer.class));
  }

  private static boolean isReadOnly(JdbcTemplate jdbc) {
    return "on".equals(jdbc.queryForObject("show transaction_read_only", String.class));
  }

  // ---- read-only

  /** Which statement comes first is nothing that its writer looks at. */
  @ParameterizedTest
  @EnumSource
  void aPartThatReadsFirstLeavesTheRestToWrite(Way way) throws Exception {
    bank.plain(
        (pool, jdbc) -> {
          assertThat(way.run(pool, WorkOptions.READ_ONLY, TransactionPartTest::stock)).isZero();
          write(jdbc, "a");
        });

    assertThat(count()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource
  void alsoWhereTheTransactionMayBeRunAgain(Way way) throws Exception {
    AtomicInteger runs = new AtomicInteger();

    bank.again(
        (pool, jdbc) -> {
          way.run(pool, WorkOptions.READ_ONLY, TransactionPartTest::stock);
          write(jdbc, "a");
          if (runs.incrementAndGet() == 1) {
            Boot.server().terminate(pid(jdbc));
          }
          write(jdbc, "b");
        });

    assertThat(runs).hasValue(2);
    assertThat(count()).isEqualTo(2);
  }

  private static int pid(JdbcTemplate jdbc) {
    return requireNonNull(jdbc.queryForObject("select pg_backend_pid()", Integer.class));
  }

  /** As a session of JPA's does, which is flushed at the last. */
  @Test
  void whatIsWrittenJustBeforeTheCommitIsWritten() throws Exception {
    bank.plain(
        (pool, jdbc) -> {
          TransactionSynchronizationManager.registerSynchronization(
              new TransactionSynchronization() {
                @Override
                public void beforeCommit(boolean readOnly) {
                  write(jdbc, "flushed");
                }
              });
          pool.run(WorkOptions.READ_ONLY, TransactionPartTest::stock);
        });

    assertThat(count()).isEqualTo(1);
  }

  /** Nothing that it has read is on its way yet; and nothing has to be promised for that. */
  @Test
  void aPartThatIsFirstIsRunAgainByItself() throws Exception {
    AtomicInteger runs = new AtomicInteger();

    bank.plain(
        (pool, jdbc) -> {
          pool.run(
              WorkOptions.READ_ONLY,
              connection -> {
                int before = stock(connection);
                if (runs.incrementAndGet() == 1) {
                  Boot.server().terminate(pid(jdbc));
                }
                return before + stock(connection);
              });
          write(jdbc, "a");
        });

    assertThat(runs).hasValue(2);
    assertThat(count()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource
  void theModeIsTheTransactions(Way way) throws Exception {
    bank.plain(
        (pool, jdbc) -> {
          way.run(pool, WorkOptions.READ_ONLY, TransactionPartTest::stock);
          assertThat(isReadOnly(jdbc)).isFalse();
        });
    bank.readOnly(
        (pool, jdbc) -> {
          way.run(pool, WorkOptions.READ_ONLY, TransactionPartTest::stock);
          assertThat(isReadOnly(jdbc)).isTrue();
        });
    bank.readOnly(
        (pool, jdbc) -> {
          assertRefused(
              () -> way.run(pool, WorkOptions.READ_ONLY, connection -> write(connection, "a")));
          TransactionAspectSupport.currentTransactionStatus().setRollbackOnly();
        });
  }

  private static void assertRefused(ThrowingCallable writing) {
    assertThatThrownBy(writing)
        .isInstanceOf(SQLException.class)
        .extracting(failure -> ((SQLException) failure).getSQLState())
        .isEqualTo("25006");
  }

  /** It has one of its own. */
  @Test
  void outsideOfATransactionWritesAreRefused() throws Exception {
    bank.outside(
        (pool, jdbc) ->
            assertRefused(
                () -> pool.run(WorkOptions.READ_ONLY, connection -> write(connection, "a"))));
  }

  // ---- the others

  /** The level is checked to be the same, and so nothing is set. */
  @ParameterizedTest
  @EnumSource
  void theSameLevelChangesNothing(Way way) throws Exception {
    WorkOptions strict = WorkOptions.READ_ONLY.withIsolation(Connection.TRANSACTION_SERIALIZABLE);

    bank.serializable(
        (pool, jdbc) -> {
          way.run(pool, strict, TransactionPartTest::stock);
          write(jdbc, "a");
        });

    assertThat(count()).isEqualTo(1);
  }

  /** Only in a run of the whole could it be had again. */
  @ParameterizedTest
  @EnumSource
  void whatMayBeRepeatedIsNotRepeatedWithoutWhatWasWrittenBefore(Way way) {
    AtomicInteger runs = new AtomicInteger();

    assertThatThrownBy(
            () ->
                bank.plain(
                    (pool, jdbc) -> {
                      write(jdbc, "before");
                      way.run(
                          pool,
                          WorkOptions.IDEMPOTENT,
                          connection -> {
                            runs.incrementAndGet();
                            Boot.server().terminate(pid(jdbc));
                            return write(connection, "a");
                          });
                    }))
        .isInstanceOf(Exception.class);

    assertThat(runs).hasValue(1);
    assertThat(count()).isZero();
  }

  /** Its connection is gone, and what was written on that before. */
  @ParameterizedTest
  @EnumSource
  void aPartThatRunsOverItsDeadlineTakesTheTransactionWithIt(Way way) {
    WorkOptions soon = WorkOptions.DEFAULT.withDeadline(Duration.ofMillis(50));

    assertThatThrownBy(
            () ->
                bank.plain(
                    (pool, jdbc) -> {
                      write(jdbc, "before");
                      assertThatThrownBy(
                              () ->
                                  way.run(
                                      pool,
                                      soon,
                                      connection ->
                                          connection
                                              .createStatement()
                                              .execute("select pg_sleep(60)")))
                          .isInstanceOf(WorkDeadlineException.class);
                      write(jdbc, "after");
                    }))
        .isInstanceOf(Exception.class);

    assertThat(count()).isZero();
  }
}
