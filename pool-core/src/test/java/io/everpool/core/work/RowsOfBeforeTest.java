package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.VoidWork;
import io.everpool.api.WorkOptions;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A result set that was open before a unit: a further run would read on where the one before has
 * left off, and never see the rows that this has read.
 */
class RowsOfBeforeTest extends RunnerFixture {
  private final SQLException conflict = new SQLException("somebody was faster", "40001");

  private interface Opening {
    ResultSet by(Connection connection) throws SQLException;
  }

  private interface Step {
    void on(ResultSet rows) throws SQLException;
  }

  /** Where result sets come from. */
  private enum From {
    A_STATEMENT(c -> c.createStatement().executeQuery("select a")),
    A_PREPARED_STATEMENT(c -> c.prepareStatement("select a").executeQuery()),
    A_CALLABLE_STATEMENT(c -> c.prepareCall("select a").executeQuery()),
    WHAT_A_STATEMENT_HAS(c -> executed(c).getResultSet()),
    GENERATED_KEYS(c -> executed(c).getGeneratedKeys()),
    META_DATA(c -> c.getMetaData().getTables(null, null, null, null)),
    AN_ARRAY(c -> c.createArrayOf("int", new Object[0]).getResultSet());

    private final Opening opening;

    From(Opening opening) {
      this.opening = opening;
    }
  }

  /** What makes of the row that is the current one another, or leaves less for the next run. */
  private enum Reading {
    NEXT(ResultSet::next),
    PREVIOUS(ResultSet::previous),
    RELATIVE(rows -> rows.relative(2)),
    INSERT_ROW(ResultSet::insertRow),
    UPDATE_ROW(ResultSet::updateRow),
    DELETE_ROW(ResultSet::deleteRow);

    private final Step step;

    Reading(Step step) {
      this.step = step;
    }
  }

  /** What goes to a row that is the same wherever it began. */
  private enum Placing {
    BEFORE_FIRST(ResultSet::beforeFirst),
    FIRST(ResultSet::first),
    LAST(ResultSet::last),
    AFTER_LAST(ResultSet::afterLast),
    ABSOLUTE(rows -> rows.absolute(3));

    private final Step step;

    Placing(Step step) {
      this.step = step;
    }
  }

  private static Statement executed(Connection connection) throws SQLException {
    Statement statement = connection.createStatement();
    statement.execute("select a");
    return statement;
  }

  static Stream<Arguments> readings() {
    return Stream.of(From.values())
        .flatMap(from -> Stream.of(Reading.values()).map(reading -> Arguments.of(from, reading)));
  }

  private void unit(PooledConnection face, WorkOptions options, VoidWork<SQLException> work)
      throws SQLException {
    runner.<Boolean, SQLException>inTransaction(
        face,
        options.withLabel("the copying"),
        0,
        UnitWatch.NONE,
        same -> {
          runs++;
          work.run(same);
          if (runs == 1) {
            throw conflict;
          }
          execute(same, "insert a");
          return true;
        });
  }

  private void unit(PooledConnection face, VoidWork<SQLException> work) throws SQLException {
    unit(face, WorkOptions.DEFAULT, work);
  }

  private void assertFailsAsTheFirstRun(PooledConnection face, VoidWork<SQLException> work) {
    assertFailsAsTheFirstRun(catchThrowable(() -> unit(face, work)), 1);
  }

  private void assertFailsAsTheFirstRun(Throwable thrown, int run) {
    assertThat(thrown).isSameAs(conflict);
    List<Throwable> notes = Arrays.asList(conflict.getSuppressed());
    assertThat(notes)
        .singleElement()
        .satisfies(
            why ->
                assertThat(why)
                    .hasMessageStartingWith("the copying was not run again: ")
                    .hasMessageContaining("within the work"));
    assertThat(runs).isEqualTo(run);
    assertThat(driver.database.rows).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("readings")
  void isReadOnOnce(From from, Reading reading) throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      ResultSet rows = from.opening.by(face);
      assertFailsAsTheFirstRun(face, same -> reading.step.on(rows));
    }
  }

  /** A promise doesn't bring back what was read. */
  @Test
  void isReadOnOnceWhateverIsPromised() throws SQLException {
    for (WorkOptions promise : List.of(WorkOptions.IDEMPOTENT, WorkOptions.READ_ONLY)) {
      runs = 0;
      try (PooledConnection face = leases.acquire()) {
        ResultSet rows = From.A_STATEMENT.opening.by(face);
        assertThatThrownBy(() -> unit(face, promise, same -> rows.next())).isSameAs(conflict);
      }
      assertThat(runs).isOne();
    }
  }

  @ParameterizedTest
  @EnumSource
  void oneThatEachRunOpensIsReadByEach(From from) throws SQLException {
    for (Reading reading : Reading.values()) {
      runs = 0;
      try (PooledConnection face = leases.acquire()) {
        unit(face, same -> reading.step.on(from.opening.by(same)));
      }
      assertThat(runs).as(reading.name()).isEqualTo(2);
    }
  }

  /** Whoever only looks at the row that is there finds the same the next time. */
  @ParameterizedTest
  @EnumSource
  void theRowThatIsThereIsNoObstacle(From from) throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      ResultSet rows = from.opening.by(face);
      unit(
          face,
          same -> {
            rows.getString(1);
            rows.isBeforeFirst();
            rows.getMetaData();
          });
    }
    assertThat(runs).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource
  void norIsOneInWhichEachRunBeginsAtTheSameRow(Placing placing) throws SQLException {
    for (Reading reading : List.of(Reading.NEXT, Reading.PREVIOUS, Reading.RELATIVE)) {
      runs = 0;
      try (PooledConnection face = leases.acquire()) {
        ResultSet rows = From.A_STATEMENT.opening.by(face);
        rows.next();
        unit(
            face,
            same -> {
              placing.step.on(rows);
              reading.step.on(rows);
              reading.step.on(rows);
            });
      }
      assertThat(runs).as(reading.name()).isEqualTo(2);
    }
  }

  /** What a driver holds of a row that was written isn't what the server has after a rollback. */
  @Test
  void butNoPlaceBringsBackARowThatWasWritten() throws SQLException {
    for (Reading reading : List.of(Reading.INSERT_ROW, Reading.UPDATE_ROW, Reading.DELETE_ROW)) {
      runs = 0;
      try (PooledConnection face = leases.acquire()) {
        ResultSet rows = From.A_STATEMENT.opening.by(face);
        assertThatThrownBy(
                () ->
                    unit(
                        face,
                        same -> {
                          rows.absolute(1);
                          reading.step.on(rows);
                        }))
            .as(reading.name())
            .isSameAs(conflict);
      }
      assertThat(runs).as(reading.name()).isOne();
    }
  }

  /** The next run would read from wherever the first has gone. */
  @Test
  void norIsReadOnWhatOnlyTheFirstRunHasPlaced() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      ResultSet rows = From.A_STATEMENT.opening.by(face);
      Throwable thrown =
          catchThrowable(
              () ->
                  unit(
                      face,
                      same -> {
                        if (runs == 1) {
                          rows.beforeFirst();
                        }
                        rows.next();
                      }));
      assertFailsAsTheFirstRun(thrown, 2);
    }
  }

  // ---- a statement that was executed before

  @Test
  void norWhatAStatementWasExecutedForBefore() throws SQLException {
    for (boolean keys : new boolean[] {true, false}) {
      runs = 0;
      try (PooledConnection face = leases.acquire()) {
        Statement statement = executed(face);
        assertThatThrownBy(
                () ->
                    unit(
                        face,
                        same ->
                            (keys ? statement.getGeneratedKeys() : statement.getResultSet())
                                .next()))
            .isSameAs(conflict);
      }
      assertThat(runs).isOne();
    }
  }

  @Test
  void norTheNextOfSeveralResults() throws SQLException {
    for (boolean keep : new boolean[] {true, false}) {
      runs = 0;
      try (PooledConnection face = leases.acquire()) {
        Statement statement = executed(face);
        assertThatThrownBy(
                () ->
                    unit(
                        face,
                        same -> {
                          if (keep) {
                            statement.getMoreResults(Statement.KEEP_CURRENT_RESULT);
                          } else {
                            statement.getMoreResults();
                          }
                        }))
            .isSameAs(conflict);
      }
      assertThat(runs).isOne();
    }
  }

  @Test
  void whatAStatementOfBeforeIsExecutedForWithinIsReadByEachRun() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      Statement statement = executed(face);
      unit(
          face,
          same -> {
            statement.execute("select a");
            statement.getResultSet().next();
            statement.getGeneratedKeys().next();
            statement.getMoreResults();
          });
    }
    assertThat(runs).isEqualTo(2);
  }

  // ---- units within units

  private interface Within {
    void run(PooledConnection outer) throws SQLException;
  }

  /** A unit that has committed something, and so isn't run again itself. */
  private void outer(Within work) throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      runner.<Boolean, SQLException>rerun(
          face,
          WorkOptions.DEFAULT,
          same -> {
            execute(same, "insert outer");
            work.run(face);
            return true;
          });
    }
  }

  private void inner(PooledConnection face, VoidWork<SQLException> work) throws SQLException {
    face.setAutoCommit(true);
    unit(face, work);
  }

  @Test
  void anInnerUnitDoesntReadOnWhatWasOpenBeforeIt() {
    assertThatThrownBy(
            () ->
                outer(
                    face -> {
                      ResultSet rows = From.A_STATEMENT.opening.by(face);
                      inner(face, same -> rows.next());
                    }))
        .isSameAs(conflict);
    assertThat(runs).isOne();
  }

  @Test
  void norWhatAnotherWithinTheSameHasOpened() {
    ResultSet[] rows = new ResultSet[1];
    assertThatThrownBy(
            () ->
                outer(
                    face -> {
                      runner.<Boolean, SQLException>rerun(
                          face,
                          WorkOptions.DEFAULT,
                          same -> {
                            rows[0] = From.A_STATEMENT.opening.by(same);
                            return true;
                          });
                      inner(face, same -> rows[0].next());
                    }))
        .isSameAs(conflict);
    assertThat(runs).isOne();
  }

  @Test
  void whatItOpensItselfItReadsInEachRun() throws SQLException {
    outer(face -> inner(face, same -> From.A_STATEMENT.opening.by(same).next()));
    assertThat(runs).isEqualTo(2);
  }

  /** Which opens it anew, and has the inner one read that. */
  @Test
  void theUnitAroundItThatHasOpenedItIsRunAgain() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      runner.<Boolean, SQLException>rerun(
          face,
          WorkOptions.IDEMPOTENT,
          same -> {
            ResultSet rows = From.A_STATEMENT.opening.by(same);
            inner(face, within -> rows.next());
            return true;
          });
    }
    assertThat(runs).isEqualTo(2);
    assertThat(driver.database.rows).containsExactly("a");
  }

  @Test
  void butNotOneBeforeWhichItWasOpen() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      ResultSet rows = From.A_STATEMENT.opening.by(face);
      assertThatThrownBy(
              () ->
                  runner.<Boolean, SQLException>rerun(
                      face,
                      WorkOptions.IDEMPOTENT,
                      same -> {
                        inner(face, within -> rows.next());
                        return true;
                      }))
          .isSameAs(conflict);
    }
    assertThat(runs).isOne();
  }
}
