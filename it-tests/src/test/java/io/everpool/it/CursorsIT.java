package io.everpool.it;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.core.Everpool;
import io.everpool.servers.Sampled;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The rows of a cursor that a function has opened are the driver's own affair, as without a pool.
 */
@Sampled
class CursorsIT {

  @BeforeAll
  static void functions() {
    Db.server()
        .execute(
            "create function two_cursors(out a refcursor, out b refcursor) language plpgsql as"
                + " 'begin open a for select generate_series(1, 3);"
                + " open b for select generate_series(4, 5); end'");
  }

  @AfterAll
  static void noFunctions() {
    Db.server().execute("drop function two_cursors()");
  }

  /** A statement that has cursors, and how one of them is read. */
  enum Way {
    CALL {
      @Override
      ResultSet cursor(Statement from, int column) throws SQLException {
        return (ResultSet) ((CallableStatement) from).getObject(column);
      }
    },
    CALL_WITH_A_CLASS {
      @Override
      ResultSet cursor(Statement from, int column) throws SQLException {
        return ((CallableStatement) from).getObject(column, ResultSet.class);
      }
    },
    COLUMN {
      @Override
      ResultSet cursor(Statement from, int column) throws SQLException {
        return (ResultSet) from.getResultSet().getObject(column);
      }
    },
    NAMED_COLUMN {
      @Override
      ResultSet cursor(Statement from, int column) throws SQLException {
        return (ResultSet) from.getResultSet().getObject(column == 1 ? "a" : "b");
      }
    };

    abstract ResultSet cursor(Statement from, int column) throws SQLException;

    Statement executed(Connection connection) throws SQLException {
      if (name().startsWith("CALL")) {
        CallableStatement call = connection.prepareCall("{call two_cursors(?, ?)}");
        call.registerOutParameter(1, Types.REF_CURSOR);
        call.registerOutParameter(2, Types.REF_CURSOR);
        call.execute();
        return call;
      }
      PreparedStatement query = connection.prepareStatement("select * from two_cursors()");
      requireNonNull(query.executeQuery()).next();
      return query;
    }
  }

  /** What a program may do and ask, which is to come to the same. */
  enum Deed {
    LOOKS_AROUND {
      @Override
      void tell(Way way, Statement from, List<Object> told) throws SQLException {
        ResultSet rows = way.cursor(from, 1);
        Statement own = rows.getStatement();
        told.add(own == from);
        told.add(own == rows.getStatement());
        told.add(own instanceof PreparedStatement);
        told.add(own.getConnection() == from.getConnection());
        told.add(own.isClosed());
        told.add(own.isCloseOnCompletion());
        told.add(rows.equals(own.getResultSet()));
        told.add(own == way.cursor(from, 2).getStatement());
        told.add(rows.next() + " " + rows.getInt(1));
      }
    },
    CLOSES_THE_STATEMENT_OF_THE_ROWS {
      @Override
      void tell(Way way, Statement from, List<Object> told) throws SQLException {
        ResultSet rows = way.cursor(from, 1);
        rows.getStatement().close();
        told.add(rows.isClosed());
        told.add(from.isClosed());
        tellOf(way.cursor(from, 2), told);
      }
    },
    CLOSES_THE_ROWS {
      @Override
      void tell(Way way, Statement from, List<Object> told) throws SQLException {
        ResultSet rows = way.cursor(from, 1);
        Statement own = rows.getStatement();
        rows.close();
        told.add(own.isClosed());
        told.add(from.isClosed());
        tellOf(way.cursor(from, 2), told);
        told.add(attempt(() -> rows.getStatement() == own));
      }
    },
    CLOSES_THE_ROWS_OF_A_STATEMENT_THAT_CLOSES_ITSELF {
      @Override
      void tell(Way way, Statement from, List<Object> told) throws SQLException {
        ResultSet rows = way.cursor(from, 1);
        Statement own = rows.getStatement();
        own.closeOnCompletion();
        told.add(from.isCloseOnCompletion());
        rows.close();
        told.add(own.isClosed());
        told.add(from.isClosed());
        tellOf(way.cursor(from, 2), told);
      }
    },
    CLOSES_THE_STATEMENT_THAT_WAS_EXECUTED {
      @Override
      void tell(Way way, Statement from, List<Object> told) throws SQLException {
        ResultSet rows = way.cursor(from, 1);
        Statement own = rows.getStatement();
        from.close();
        told.add(rows.isClosed());
        told.add(own.isClosed());
        told.add(attempt(rows::next));
      }
    },
    EXECUTES_SOMETHING_ELSE_ON_THE_STATEMENT_OF_THE_ROWS {
      @Override
      void tell(Way way, Statement from, List<Object> told) throws SQLException {
        ResultSet rows = way.cursor(from, 1);
        Statement own = rows.getStatement();
        tellOf(requireNonNull(own.executeQuery("select 7")), told);
        told.add(rows.isClosed());
        tellOf(way.cursor(from, 2), told);
      }
    };

    abstract void tell(Way way, Statement from, List<Object> told) throws SQLException;
  }

  private interface Question {
    Object ask() throws SQLException;
  }

  private static Object attempt(Question question) {
    try {
      return question.ask();
    } catch (SQLException e) {
      return String.valueOf(e.getSQLState());
    }
  }

  private static void tellOf(ResultSet rows, List<Object> told) throws SQLException {
    while (rows.next()) {
      told.add(rows.getInt(1));
    }
  }

  private static List<Object> told(Connection connection, Way way, Deed deed) throws SQLException {
    List<Object> told = new ArrayList<>();
    connection.setAutoCommit(false);
    try (Statement from = way.executed(connection)) {
      deed.tell(way, from, told);
    } finally {
      connection.rollback();
    }
    return told;
  }

  private static Pool pool() throws SQLException {
    return Everpool.open(Db.config("cursors").minSize(1).maxSize(1).build());
  }

  static Stream<Arguments> waysAndDeeds() {
    return Arrays.stream(Way.values())
        .flatMap(way -> Stream.of(Deed.values()).map(deed -> Arguments.of(way, deed)));
  }

  @ParameterizedTest
  @MethodSource("waysAndDeeds")
  void itComesToWhatItDoesWithoutAPool(Way way, Deed deed) throws SQLException {
    List<Object> expected;
    try (Connection bare =
        DriverManager.getConnection(
            Db.server().jdbcUrl(), Db.server().user(), Db.server().password())) {
      expected = told(bare, way, deed);
    }
    try (Pool pool = pool();
        Connection connection = pool.getConnection()) {
      assertThat(told(connection, way, deed)).isEqualTo(expected);
    }
  }

  /** Nothing of the driver's own is on the way back, and it ends with the lease. */
  @ParameterizedTest
  @EnumSource(Way.class)
  void theWayBackLeadsToTheFaces(Way way) throws SQLException {
    try (Pool pool = pool()) {
      Statement own;
      ResultSet rows;
      try (Connection connection = pool.getConnection()) {
        connection.setAutoCommit(false);
        rows = way.cursor(way.executed(connection), 1);
        own = rows.getStatement();
        assertThat(own.getConnection()).isSameAs(connection);
        assertThat(own.getClass().getName()).startsWith("io.everpool.");
        assertThat(rows.getClass().getName()).startsWith("io.everpool.");
        connection.rollback();
      }
      assertThat(own.isClosed()).isTrue();
      assertThat(rows.isClosed()).isTrue();
      assertThat(attempt(own::getResultSet)).isEqualTo("08003");
      assertThat(attempt(rows::getStatement)).isEqualTo("08003");
      assertThat(attempt(rows::next)).isEqualTo("08003");
    }
  }

  /** A run that went on in them would find other rows than the one before. */
  @ParameterizedTest
  @EnumSource(names = {"CALL", "CALL_WITH_A_CLASS"})
  void rowsOfBeforeAUnitAreUsedUpByItsFirstRun(Way way) throws SQLException {
    try (Pool pool = pool();
        Connection connection = pool.getConnection()) {
      connection.setAutoCommit(false);
      Statement from = way.executed(connection);
      connection.commit();
      List<Integer> read = new ArrayList<>();

      assertThatThrownBy(
              () ->
                  UnitRerunner.of(pool)
                      .<Boolean, SQLException>rerun(
                          connection,
                          WorkOptions.DEFAULT,
                          c -> {
                            ResultSet rows = way.cursor(from, 1);
                            rows.next();
                            read.add(rows.getInt(1));
                            throw new SQLException("a conflict", "40001");
                          }))
          .hasMessage("a conflict");

      assertThat(read).containsExactly(1);
    }
  }

  /** Those of within are there anew for each run. */
  @ParameterizedTest
  @EnumSource(Way.class)
  void rowsOfWithinAUnitAreReadAgain(Way way) throws SQLException {
    try (Pool pool = pool()) {
      List<Object> read = new ArrayList<>();
      pool.<Boolean, SQLException>inTransaction(
          connection -> {
            boolean again = !read.isEmpty();
            Statement from = way.executed(connection);
            tellOf(way.cursor(from, 1), read);
            tellOf(way.cursor(from, 2), read);
            if (!again) {
              throw new SQLException("a conflict", "40001");
            }
            return again;
          });
      assertThat(read).containsExactly(1, 2, 3, 4, 5, 1, 2, 3, 4, 5);
    }
  }
}
