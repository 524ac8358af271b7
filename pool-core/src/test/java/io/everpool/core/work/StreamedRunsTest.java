package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.Effects;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.FakePhysical;
import io.everpool.core.jdbc.PooledConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a connection compares in the runs of a unit with what was streamed before. */
class StreamedRunsTest extends RunnerFixture {
  private final List<String> expected = new ArrayList<>();

  private static FakePhysical physical(Connection connection) {
    return FakeLeaseManager.physical((PooledConnection) connection);
  }

  private void run(Work<String, SQLException> work) throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      rerun(face, work);
      assertThat(physical(face).expected).as("after the unit").isEmpty();
    }
  }

  private void rerun(Connection connection, Work<String, SQLException> work) throws SQLException {
    runner.rerun(connection, WorkOptions.DEFAULT.withLabel("the upload"), work);
  }

  /** Notes with what is compared. */
  private void note(Connection connection) {
    physical(connection).effects = Effects.NONE;
    expected.add(compared(connection));
  }

  private static String compared(Connection connection) {
    return physical(connection).expected.toString().replaceAll("StreamedData| bytes", "");
  }

  /** Streams, as in {@code 5} for all of five bytes, and {@code 5-} for these and no end. */
  private static void stream(Connection connection, String all) {
    for (String each : all.split(" ", -1)) {
      if (!each.isEmpty()) {
        boolean whole = !each.endsWith("-");
        physical(connection).stream(Long.parseLong(each.replace("-", "")), whole);
      }
    }
  }

  private static SQLException conflict() {
    return new SQLException("somebody was faster", "40001");
  }

  private void fail(Connection connection, boolean loss) throws SQLException {
    if (loss) {
      driver.breakNext("execute");
      execute(connection, "select 1");
    }
    throw conflict();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aFurtherRunIsComparedWithTheOneBefore(boolean loss) throws SQLException {
    run(
        connection -> {
          note(connection);
          stream(connection, "7 5-");
          if (++runs < 3) {
            fail(connection, loss);
          }
          return "";
        });
    assertThat(expected).containsExactly("[]", "[[7, whole], [5, cut]]", "[[7, whole], [5, cut]]");
  }

  /** The first two runs, and with what the third is compared. */
  @ParameterizedTest
  @CsvSource({
    "7, '', '[[7, whole]]'",
    "7 5-, 7, '[[7, whole], [5, cut]]'",
    "5-, 3-, '[[5, cut]]'",
    "5-, 0-, '[[5, cut]]'",
    "3-, 5-, '[[5, cut]]'",
    "3-, 7, '[[7, whole]]'",
    "7, 3-, '[[3, cut]]'",
    "'', 7, '[[7, whole]]'"
  })
  void ofEachItsLatestCounts(String first, String second, String third) throws SQLException {
    run(
        connection -> {
          note(connection);
          stream(connection, ++runs == 1 ? first : runs == 2 ? second : "");
          if (runs < 3) {
            fail(connection, true);
          }
          return "";
        });
    assertThat(expected.get(2)).isEqualTo(third);
  }

  @Test
  void whatWasStreamedBeforeTheUnitIsNoneOfItsRuns() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      stream(face, "3-");
      rerun(
          face,
          connection -> {
            note(connection);
            if (++runs == 1) {
              fail(connection, false);
            }
            return "";
          });
    }
    assertThat(expected).containsExactly("[]", "[]");
  }

  /** How the work ends whose connection was cut. */
  private enum End {
    THROWS,
    ROLLS_BACK,
    HIDES
  }

  @ParameterizedTest
  @CsvSource({"THROWS", "ROLLS_BACK", "HIDES"})
  void aRunThatWasCutIsTheLastAndFailsAsTheOneBefore(End end) throws SQLException {
    SQLException first = conflict();
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  rerun(
                      face,
                      connection -> {
                        note(connection);
                        if (++runs == 1) {
                          stream(connection, "7");
                          throw first;
                        }
                        connection.setAutoCommit(false);
                        FakePhysical physical = physical(connection);
                        physical.refusedStreamed = true;
                        physical.breakOff();
                        if (end == End.ROLLS_BACK) {
                          connection.rollback();
                        }
                        if (end == End.HIDES) {
                          return "";
                        }
                        throw new SQLException("copied a rest", "08006");
                      }))
          .isSameAs(first)
          .satisfies(
              thrown ->
                  assertThat(thrown.getSuppressed())
                      .anySatisfy(
                          why -> assertThat(why).hasMessageContaining("may be the rest of a")));
    }
    assertThat(runs).isEqualTo(2);
  }

  @Test
  void aWorkThatClosesItsConnectionLeavesNothingToTheNext() throws SQLException {
    FakePhysical[] used = new FakePhysical[1];
    try (PooledConnection face = leases.acquire()) {
      rerun(
          face,
          connection -> {
            note(connection);
            if (++runs == 1) {
              stream(connection, "7");
              fail(connection, false);
            }
            used[0] = physical(connection);
            connection.close();
            return "";
          });
    }
    assertThat(expected).containsExactly("[]", "[[7, whole]]");
    assertThat(used[0].expected).isEmpty();
  }

  // ---- units within units

  /** That around it has committed in between, so that the inner one is run again alone. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anInnerUnitIsComparedWithItsOwnRunsAndThenTheOuterGoesOn(boolean loss) throws SQLException {
    run(
        connection -> {
          note(connection);
          if (++runs == 1) {
            stream(connection, "9 6 4-");
            throw conflict();
          }
          stream(connection, "9");
          physical(connection).seeCommit(Effects.COMMITTED);
          inner(connection, loss);
          note(connection);
          return "";
        });
    assertThat(expected)
        .containsExactly(
            "[]", // the outer one's first run
            "[[9, whole], [6, whole], [4, cut]]",
            "[[9, whole], [6, whole], [4, cut]]", // still, in the inner one's first
            "[[6, cut]]",
            "[[4, cut]]");
  }

  private void inner(Connection connection, boolean loss) throws SQLException {
    int[] innerRuns = new int[1];
    runner.rerun(
        connection,
        WorkOptions.IDEMPOTENT,
        same -> {
          expected.add(compared(same));
          if (++innerRuns[0] == 1) {
            stream(same, "6-");
            fail(same, loss);
          }
          stream(same, "6");
          return "";
        });
  }

  /** Alone it would go on behind what was cut, where the one around it ends. */
  @Test
  void anInnerUnitIsNotRunAgainWhereTheOuterOneWasCut() throws SQLException {
    int[] innerRuns = new int[1];
    assertThatThrownBy(
            () ->
                run(
                    connection -> {
                      note(connection);
                      if (++runs == 1) {
                        stream(connection, "9");
                        throw conflict();
                      }
                      runner.rerun(
                          connection,
                          WorkOptions.IDEMPOTENT,
                          same -> {
                            innerRuns[0]++;
                            FakePhysical physical = physical(same);
                            physical.refusedStreamed = true;
                            physical.breakOff();
                            execute(same, "select 1");
                            return "";
                          });
                      return "";
                    }))
        .hasMessage("somebody was faster");
    assertThat(innerRuns[0]).isOne();
    assertThat(runs).isEqualTo(2);
  }
}
