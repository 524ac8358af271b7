package io.everpool.it;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CloseReason;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.ResetMode;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.SharedLease;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A copy left under way where a DataSource hides that this is PostgreSQL: pgjdbc has whoever asks
 * it anything wait for ever, also once the connection was cut.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HiddenCopiesIT {

  @BeforeAll
  static void table() throws SQLException {
    try (Connection connection = source().getConnection()) {
      BorrowersIT.execute(connection, "create table if not exists hidden_copy (id int)");
    }
  }

  private static PGSimpleDataSource source() {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setURL(Db.server().jdbcUrl());
    source.setUser(Db.server().user());
    source.setPassword(Db.server().password());
    return source;
  }

  private static Pool open(ResetMode reset) throws SQLException {
    PoolConfig config =
        PoolConfig.builder("jdbc:any:thing").name("hidden").maxSize(1).reset(reset).build();
    return Everpool.builder(config).dataSource(source()).open();
  }

  private static void leaveCopy(Connection connection) throws SQLException {
    BorrowersIT.copies(connection).copyIn("copy hidden_copy from stdin");
  }

  @ParameterizedTest
  @CsvSource({"true, SMART", "false, SMART", "true, NONE", "false, NONE"})
  void whoClosesDoesNotWaitForIt(boolean autoCommit, ResetMode reset) throws SQLException {
    try (Pool pool = open(reset)) {
      try (Connection connection = pool.getConnection()) {
        connection.setAutoCommit(autoCommit);
        leaveCopy(connection);
      }
      try (Connection next = pool.getConnection()) {
        assertThat(Db.ask(next, "select 'another'")).isEqualTo("another");
      }
      Db.awaitClosed(pool, CloseReason.RESET_FAILED, 1);
      assertThat(pool.snapshot().closedTotal()).isEqualTo(1);
    }
  }

  /** Neither an interceptor at its return, nor whoever would be lent it next within its lease. */
  @Test
  void nobodyIsAskedBehindIt() throws SQLException {
    LeaseInterceptor asks =
        new LeaseInterceptor() {
          @Override
          public void returning(Connection connection) throws SQLException {
            Db.ask(connection, "select 1");
          }
        };
    PoolConfig config = PoolConfig.builder("jdbc:any:thing").name("hidden").maxSize(1).build();
    try (Pool pool = Everpool.builder(config).dataSource(source()).interceptor(asks).open()) {
      try (Connection connection = pool.getConnection()) {
        SharedLease lease = requireNonNull(SharedLease.of(connection));
        assertThat(lease.mayBeginPart()).isTrue();
        leaveCopy(connection);
        assertThat(lease.endPart()).isFalse();
        assertThat(lease.mayBeginPart()).isFalse();
      }
      try (Connection next = pool.getConnection()) {
        assertThat(Db.ask(next, "select 'another'")).isEqualTo("another");
      }
    }
  }

  /** The failure that is told is the work's own. */
  @Test
  void aUnitThatFailsDoesNotWaitForIt() throws SQLException {
    try (Pool pool = open(ResetMode.SMART)) {
      assertThatThrownBy(
              () ->
                  pool.<SQLException>useTransaction(
                      connection -> {
                        leaveCopy(connection);
                        throw new IllegalStateException("the work's own");
                      }))
          .hasMessage("the work's own");
    }
  }

  /** What they ask of the program's own connection is set back when its lease ends, if at all. */
  @ParameterizedTest
  @MethodSource
  void norDoesOneThatHasOptions(WorkOptions options, boolean autoCommit) throws SQLException {
    try (Pool pool = open(ResetMode.SMART)) {
      try (Connection connection = pool.getConnection()) {
        connection.setAutoCommit(autoCommit);
        UnitRerunner units = requireNonNull(UnitRerunner.of(pool));
        assertThatThrownBy(
                () ->
                    units.<Void, SQLException>rerun(
                        connection,
                        options,
                        c -> {
                          BorrowersIT.copies(c)
                              .copyOut("copy (select generate_series(1, 100000)) to stdout");
                          throw new IllegalStateException("the work's own");
                        }))
            .hasMessage("the work's own");
      }
      try (Connection next = pool.getConnection()) {
        assertThat(next.isReadOnly()).isFalse();
        assertThat(Db.ask(next, "show transaction_isolation")).isEqualTo("read committed");
      }
    }
  }

  static Stream<Arguments> norDoesOneThatHasOptions() {
    WorkOptions level = WorkOptions.DEFAULT.withIsolation(Connection.TRANSACTION_SERIALIZABLE);
    return Stream.of(WorkOptions.READ_ONLY, level, level.withReadOnly(true))
        .flatMap(each -> Stream.of(Arguments.of(each, true), Arguments.of(each, false)));
  }

  @Test
  void aUnitThatIsRunAgainTakesAnother() throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = open(ResetMode.SMART)) {
      pool.<SQLException>useTransaction(
          WorkOptions.IDEMPOTENT,
          connection -> {
            if (runs.incrementAndGet() == 1) {
              leaveCopy(connection);
              throw new SQLException("a conflict", "40001");
            }
          });
    }
    assertThat(runs).hasValue(2);
  }

  /** What was done by it is kept, as far as it was ended; only the connection isn't. */
  @Test
  void whatWasEndedIsCommitted() throws SQLException {
    try (Pool pool = open(ResetMode.SMART)) {
      int first =
          pool.<Integer, SQLException>inTransaction(
              connection -> connection.unwrap(PGConnection.class).getBackendPID());
      int second = pool.<Integer, SQLException>run(Db::pid);
      assertThat(second).isNotEqualTo(first);
      assertThat(pool.<Integer, SQLException>run(Db::pid)).isEqualTo(second);
    }
  }

  /** An answer of the server's is one, be the connection trusted or not. */
  @Test
  void aCommitThatIsRefusedIsNotInDoubt() throws SQLException {
    try (Pool pool = open(ResetMode.SMART)) {
      pool.<SQLException>use(
          c ->
              BorrowersIT.execute(
                  c,
                  "create table hidden_once (id int unique deferrable initially deferred);"
                      + " insert into hidden_once values (1)"));
      assertThatThrownBy(
              () ->
                  pool.<SQLException>useTransaction(
                      connection -> {
                        assertThat(connection.unwrap(PGConnection.class)).isNotNull();
                        BorrowersIT.execute(connection, "insert into hidden_once values (1)");
                      }))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23505"));
    }
  }
}
