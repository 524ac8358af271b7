package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.VoidWork;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A batch is empty once it was executed, and what was added to one that wasn't stays in it: so a
 * further run of a unit doesn't find a batch of before the unit as the first run did.
 */
class BatchesOfBeforeTest extends OverH2 {
  private static final String URL = "jdbc:h2:mem:batches-of-before";

  private final SQLException conflict = new SQLException("somebody was faster", "40001");

  private Pool pool;
  private Connection connection;
  private int runs;

  BatchesOfBeforeTest() {
    super(URL, "create table entry (id int)");
  }

  @BeforeEach
  void open() throws SQLException {
    pool = Everpool.open(PoolConfig.builder(URL).maxSize(2).build());
    connection = pool.getConnection();
    connection.setAutoCommit(false);
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
    pool.close();
  }

  private void rerun(VoidWork<SQLException> work) throws SQLException {
    rerun(connection, work);
  }

  private void rerun(Connection on, VoidWork<SQLException> work) throws SQLException {
    UnitRerunner.of(pool)
        .<Boolean, SQLException>rerun(
            on,
            WorkOptions.DEFAULT.withLabel("the import"),
            same -> {
              work.run(same);
              return true;
            });
  }

  /** The first time it is called. */
  private void loseTheRace() throws SQLException {
    if (++runs == 1) {
      connection.rollback();
      throw conflict;
    }
  }

  private void assertNotRunAgain(Throwable thrown) throws SQLException {
    assertThat(thrown).isSameAs(conflict);
    assertThat(conflict.getSuppressed())
        .isNotEmpty() // a unit around it says the same of itself
        .allSatisfy(
            why ->
                assertThat(why)
                    .hasMessageStartingWith("the import was not run again: ")
                    .hasMessageContaining("within the work"));
    assertThat(ask("select count(*) from entry")).isEqualTo("0");
  }

  /** Once, and so many rows are there: those of the last run. */
  private void assertRunAgain(int rows) throws SQLException {
    assertThat(runs).isEqualTo(2);
    assertThat(ask("select count(*) from entry")).isEqualTo(String.valueOf(rows));
  }

  private PreparedStatement insert() throws SQLException {
    return connection.prepareStatement("insert into entry values (?)");
  }

  private static void add(PreparedStatement statement, int... ids) throws SQLException {
    for (int id : ids) {
      statement.setInt(1, id);
      statement.addBatch();
    }
  }

  private interface Maker {
    Statement make(Connection connection) throws SQLException;
  }

  private interface Executor {
    void execute(Statement statement) throws SQLException;
  }

  static Stream<Arguments> batches() {
    Maker plain =
        connection -> {
          Statement statement = connection.createStatement();
          statement.addBatch("insert into entry values (1)");
          statement.addBatch("insert into entry values (2)");
          return statement;
        };
    Maker prepared =
        connection -> {
          PreparedStatement statement = connection.prepareStatement("insert into entry values (?)");
          add(statement, 1, 2);
          return statement;
        };
    Maker called =
        connection -> {
          PreparedStatement statement = connection.prepareCall("insert into entry values (?)");
          add(statement, 1, 2);
          return statement;
        };
    Executor executeBatch = Statement::executeBatch;
    Executor executeLargeBatch = Statement::executeLargeBatch;
    return Stream.of(
        Arguments.of("a statement's, executeBatch", plain, executeBatch),
        Arguments.of("a prepared one's, executeBatch", prepared, executeBatch),
        Arguments.of("a prepared one's, executeLargeBatch", prepared, executeLargeBatch),
        Arguments.of("a call's, executeBatch", called, executeBatch));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("batches")
  void aUnitThatExecutesABatchOfBeforeItIsNotRunAgain(String what, Maker maker, Executor executor)
      throws SQLException {
    try (Statement statement = maker.make(connection)) {
      Throwable thrown =
          catchThrowable(
              () ->
                  rerun(
                      same -> {
                        executor.execute(statement);
                        loseTheRace();
                        same.commit();
                      }));
      assertNotRunAgain(thrown);
    }
    assertThat(runs).as(what).isOne();
  }

  /** Closing the statement within the run makes no difference. */
  @Test
  void norIfItHasClosedTheStatement() throws SQLException {
    PreparedStatement statement = insert();
    add(statement, 1, 2);
    Throwable thrown =
        catchThrowable(
            () ->
                rerun(
                    same -> {
                      try (statement) {
                        statement.executeBatch();
                      }
                      loseTheRace();
                      same.commit();
                    }));
    assertNotRunAgain(thrown);
    assertThat(runs).isOne();
  }

  /** They would be in it twice. */
  @Test
  void norOneThatHasAddedRowsToABatchOfBeforeIt() throws SQLException {
    try (PreparedStatement statement = insert()) {
      add(statement, 1);
      Throwable thrown =
          catchThrowable(
              () ->
                  rerun(
                      same -> {
                        add(statement, 2);
                        loseTheRace();
                        statement.executeBatch();
                        same.commit();
                      }));
      assertNotRunAgain(thrown);
    }
    assertThat(runs).isOne();
  }

  @Test
  void aStatementOfBeforeWhoseBatchIsBuiltWithinIsNoObstacle() throws SQLException {
    try (PreparedStatement statement = insert()) {
      rerun(
          same -> {
            add(statement, 1, 2);
            statement.executeBatch();
            loseTheRace();
            same.commit();
          });
    }
    assertRunAgain(2);
  }

  /** As where a program uses one statement for unit after unit. */
  @Test
  void norIsOneWhoseBatchWasExecutedBefore() throws SQLException {
    try (PreparedStatement statement = insert()) {
      add(statement, 1);
      statement.executeBatch();
      connection.commit();
      rerun(
          same -> {
            add(statement, 2, 3);
            statement.executeBatch();
            loseTheRace();
            same.commit();
          });
    }
    assertRunAgain(3);
  }

  @Test
  void norIsOneWhoseBatchEachRunEmptiesFirst() throws SQLException {
    try (PreparedStatement statement = insert()) {
      add(statement, 7, 8, 9);
      rerun(
          same -> {
            statement.clearBatch();
            add(statement, 1, 2);
            statement.executeBatch();
            loseTheRace();
            same.commit();
          });
    }
    assertRunAgain(2);
  }

  /** The first run would have written what the second can't. */
  @Test
  void whereOnlyTheFailedRunHasEmptiedItTheNextOneFailsThereAsTheFirstDid() throws SQLException {
    try (PreparedStatement statement = insert()) {
      add(statement, 1, 2);
      Throwable thrown =
          catchThrowable(
              () ->
                  rerun(
                      same -> {
                        if (runs == 0) {
                          statement.clearBatch();
                        }
                        loseTheRace();
                        statement.executeBatch();
                        same.commit();
                      }));
      assertNotRunAgain(thrown);
    }
    assertThat(runs).isEqualTo(2);
  }

  @Test
  void aBatchOfBeforeThatTheUnitDoesNotTouchStays() throws SQLException {
    try (PreparedStatement statement = insert()) {
      add(statement, 1, 2);
      rerun(
          same -> {
            execute(same, "insert into entry values (3)");
            loseTheRace();
            same.commit();
          });
      statement.executeBatch();
      connection.commit();
    }
    assertThat(ask("select count(*) from entry")).isEqualTo("3");
  }

  /** The opposite: what a failed run has added and not executed the next one would find. */
  @Test
  void rowsThatAFailedRunHasLeftInABatchOfBeforeAreNotThereTwice() throws SQLException {
    try (PreparedStatement statement = insert()) {
      rerun(
          same -> {
            add(statement, 1, 2);
            loseTheRace();
            statement.executeBatch();
            same.commit();
          });
    }
    assertRunAgain(2);
  }

  @Test
  void norWhereTheStatementIsOneThatTheFailedRunHasKept() throws SQLException {
    PreparedStatement[] kept = new PreparedStatement[1];
    rerun(
        same -> {
          if (kept[0] == null) {
            kept[0] = insert();
          }
          add(kept[0], 1, 2);
          loseTheRace();
          kept[0].executeBatch();
          same.commit();
        });
    assertRunAgain(2);
  }

  /** What the outer one has built it builds again. */
  @Test
  void aUnitWithinOneThatBuildsTheBatchIsRunAgainWithThat() throws SQLException {
    rerun(
        same -> {
          try (PreparedStatement statement = insert()) {
            add(statement, 1, 2);
            rerun(
                same,
                inner -> {
                  statement.executeBatch();
                  loseTheRace();
                  inner.commit();
                });
          }
        });
    assertRunAgain(2);
  }

  @Test
  void aBatchOfBeforeTheOuterUnitIsNoneOfTheInnerEither() throws SQLException {
    try (PreparedStatement statement = insert()) {
      add(statement, 1, 2);
      Throwable thrown =
          catchThrowable(
              () ->
                  rerun(
                      same ->
                          rerun(
                              same,
                              inner -> {
                                statement.executeBatch();
                                loseTheRace();
                                inner.commit();
                              })));
      assertNotRunAgain(thrown);
    }
    assertThat(runs).isOne();
  }

  /** A framework's loan: what one lease has left in a batch is nothing to the next. */
  @Test
  void whatALeaseHasLeftInABatchIsGoneWithIt() throws SQLException {
    add(insert(), 1, 2);
    connection.close();
    connection = pool.getConnection();
    connection.setAutoCommit(false);
    try (PreparedStatement statement = insert()) {
      rerun(
          same -> {
            add(statement, 3);
            statement.executeBatch();
            loseTheRace();
            same.commit();
          });
    }
    assertThat(ask("select count(*) from entry")).isEqualTo("1");
  }

  /** Its failure is its own, however it began. */
  @Test
  void aMistakeOfTheWorksStaysOne() throws SQLException {
    try (PreparedStatement statement = insert()) {
      add(statement, 1);
      IllegalStateException mistake = new IllegalStateException("mine");
      assertThatThrownBy(
              () ->
                  rerun(
                      same -> {
                        statement.executeBatch();
                        throw mistake;
                      }))
          .isSameAs(mistake)
          .hasNoSuppressedExceptions();
      connection.rollback();
    }
  }
}
