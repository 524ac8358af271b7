package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.core.BlindDriver.Kind;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A transaction that a text has begun, or autocommit that it has switched, with drivers that say
 * nothing of transactions: the next borrower has none of it.
 */
class TransactionsBySqlTest extends OverH2 {
  private static final String URL = "jdbc:h2:mem:transactions-by-sql";

  TransactionsBySqlTest() {
    super(URL, "create table rows_there (id int)");
  }

  /** What the procedure does that is called is in no text. */
  private static final List<String> CALLS =
      List.of(
          "call bgn()",
          "CALL bgn()",
          "{call bgn()}",
          "{ call bgn() }",
          "{? = call bgn()}",
          "/* why */ call bgn()",
          "execute procedure bgn()",
          "exec bgn()",
          "delete from rows_there where id = 0; call bgn()",
          "delete from rows_there where id = 0 exec bgn()");

  private String rows() throws SQLException {
    return ask("select listagg(id, ' ') within group (order by id) from rows_there");
  }

  private static DataSource h2() {
    return h2(URL);
  }

  private static Pool pool(DataSource source) throws SQLException {
    PoolConfig config = PoolConfig.builder(URL).minSize(1).maxSize(1).build();
    return Everpool.builder(config).dataSource(source).open();
  }

  static Stream<Arguments> texts() {
    return Stream.concat(
        Stream.of("set autocommit off", "set autocommit false", "begin", "BEGIN TRANSACTION")
            .map(sql -> Arguments.of(null, sql)),
        Stream.of(Kind.values())
            .flatMap(
                kind ->
                    Stream.concat(
                            CALLS.stream(),
                            Stream.of(
                                "begin",
                                "Start Transaction",
                                "begin tran",
                                "set session autocommit=0",
                                "set implicit_transactions on"))
                        .filter(sql -> kind != Kind.STRICT || !sql.startsWith("set"))
                        .map(sql -> Arguments.of(kind, sql))));
  }

  private static DataSource source(@Nullable Kind kind) {
    return kind == null ? h2() : new BlindDriver(kind, URL).dataSource();
  }

  @ParameterizedTest
  @MethodSource("texts")
  void theNextBorrowerIsInNoTransaction(@Nullable Kind kind, String sql) throws SQLException {
    try (Pool pool = pool(source(kind))) {
      try (Connection connection = pool.getConnection()) {
        execute(connection, sql);
        execute(connection, "insert into rows_there values (1)");
      }
      assertThat(rows()).as("what was abandoned").isEqualTo("null");
      try (Connection next = pool.getConnection()) {
        assertThat(next.getAutoCommit()).isTrue();
        execute(next, "insert into rows_there values (2)");
        assertThat(rows()).isEqualTo("2");
        next.setAutoCommit(false);
        execute(next, "insert into rows_there values (3)");
        next.rollback();
      }
      assertThat(rows()).isEqualTo("2");
      assertThat(pool.snapshot().opened()).as("connections").isEqualTo(1);
    }
  }

  /** What was ended in SQL as well stays, and so does the connection. */
  @ParameterizedTest
  @EnumSource
  void whatSqlHasCommittedStays(Kind kind) throws SQLException {
    try (Pool pool = pool(source(kind))) {
      for (int i = 1; i < 3; i++) {
        try (Connection connection = pool.getConnection()) {
          execute(connection, "begin");
          execute(connection, "insert into rows_there values (" + i + ")");
          execute(connection, "commit");
        }
      }
      assertThat(rows()).isEqualTo("1 2");
      assertThat(pool.snapshot().opened()).as("connections").isEqualTo(1);
    }
  }

  /** SQLite's driver has autocommit off after it. */
  @Test
  void whatASavepointHasBegunIsRolledBack() throws SQLException {
    try (Pool pool = pool(source(Kind.SENDS))) {
      try (Connection connection = pool.getConnection()) {
        connection.setSavepoint();
      }
      try (Connection next = pool.getConnection()) {
        assertThat(next.getAutoCommit()).isTrue();
      }
      assertThat(pool.snapshot().opened()).as("connections").isEqualTo(1);
    }
  }

  /** A run after a failed one begins in no transaction that a procedure has begun in that one. */
  @ParameterizedTest
  @EnumSource
  void aUnitThatIsRunAgainBeginsInNoneOfAProcedures(Kind kind) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = pool(source(kind))) {
      pool.<SQLException>use(
          WorkOptions.IDEMPOTENT,
          connection -> {
            if (runs.incrementAndGet() == 1) {
              execute(connection, "call bgn()");
            }
            execute(connection, "insert into rows_there values (" + runs.get() + ")");
            if (runs.get() == 1) {
              throw new SQLException("a conflict", "40001");
            }
          });
    }
    assertThat(rows()).isEqualTo("2");
  }

  /** And what was open before the unit is left as it was, for it isn't the unit's. */
  @ParameterizedTest
  @EnumSource
  void aUnitBehindACallIsRunAgain(Kind kind) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = pool(source(kind));
        Connection connection = pool.getConnection()) {
      execute(connection, "call bgn()");
      execute(connection, "insert into rows_there values (1)");
      UnitRerunner.of(pool)
          .<Object, SQLException>rerun(
              connection,
              WorkOptions.IDEMPOTENT,
              c -> {
                if (runs.incrementAndGet() == 1) {
                  throw new SQLException("a conflict", "40001");
                }
                return 1;
              });
      execute(connection, "commit");
    }
    assertThat(runs).hasValue(2);
    assertThat(rows()).isEqualTo("1");
  }

  /** A run after a failed one begins in no transaction of that one's. */
  @ParameterizedTest
  @EnumSource
  void aUnitThatIsRunAgainBeginsAnew(Kind kind) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = pool(source(kind))) {
      pool.<SQLException>use(
          WorkOptions.IDEMPOTENT,
          connection -> {
            execute(connection, "begin");
            execute(connection, "insert into rows_there values (" + runs.incrementAndGet() + ")");
            if (runs.get() == 1) {
              throw new SQLException("a conflict", "40001");
            }
            execute(connection, "commit");
          });
    }
    assertThat(rows()).isEqualTo("2");
  }

  /** What the transaction has done before the unit would be missing. */
  @ParameterizedTest
  @EnumSource
  void aPartOfATransactionIsNotRunAgain(Kind kind) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = pool(source(kind));
        Connection connection = pool.getConnection()) {
      execute(connection, "begin");
      execute(connection, "insert into rows_there values (1)");
      assertThatThrownBy(
              () ->
                  UnitRerunner.of(pool)
                      .<Object, SQLException>rerun(
                          connection,
                          WorkOptions.IDEMPOTENT,
                          c -> {
                            runs.incrementAndGet();
                            throw new SQLException("a conflict", "40001");
                          }))
          .hasStackTraceContaining("a conflict");
    }
    assertThat(runs).hasValue(1);
  }

  /** Also where autocommit was switched off by a text, if its driver says so. */
  @Test
  void aCommitWithoutAnAnswerIsInDoubt() throws SQLException {
    BlindDriver driver = new BlindDriver(Kind.SENDS, URL);
    try (Pool pool = pool(driver.dataSource());
        Connection connection = pool.getConnection()) {
      connection.setSavepoint(); // by which this driver says that it is off
      execute(connection, "set autocommit off");
      execute(connection, "insert into rows_there values (1)");
      driver.failure.set(Map.entry("commit", new SQLException("gone", "08006")));
      assertThatThrownBy(connection::commit).isInstanceOf(CommitOutcomeUnknownException.class);
    }
  }
}
