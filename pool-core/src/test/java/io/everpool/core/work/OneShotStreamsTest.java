package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.VoidWork;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Await;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringReader;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.JDBCType;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLType;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A stream that a run was given has been read: given again in the next it would be empty, and what
 * that writes would be as well.
 */
class OneShotStreamsTest extends RunnerFixture {
  private final SQLException conflict = new SQLException("somebody was faster", "40001");

  /** One of which nobody knows what was read. */
  private final InputStream stream =
      new BufferedInputStream(new ByteArrayInputStream(new byte[] {1, 2, 3}));

  private void inTransaction(VoidWork<SQLException> work) throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      inTransaction(face, work);
    }
  }

  private void inTransaction(PooledConnection face, VoidWork<SQLException> work)
      throws SQLException {
    runner.<Boolean, SQLException>inTransaction(
        face,
        WorkOptions.DEFAULT.withLabel("the upload"),
        0,
        UnitWatch.NONE,
        same -> {
          work.run(same);
          return true;
        });
  }

  private void loseTheRace() throws SQLException {
    if (runs == 1) {
      throw conflict;
    }
  }

  private void assertFailsAsTheFirstRun(Throwable thrown) {
    assertThat(thrown).isSameAs(conflict);
    assertThat(conflict.getSuppressed())
        .singleElement()
        .satisfies(
            why ->
                assertThat(why)
                    .hasMessageStartingWith("the upload was not run again: ")
                    .hasMessageContaining("open the stream within the work"));
    assertThat(driver.database.rows).isEmpty();
    assertThat(events(PoolEvent.RetryRefused.class))
        .singleElement()
        .satisfies(
            refused -> assertThat(refused.why()).contains("open the stream within the work"));
  }

  /** Everything that takes a stream, or may. */
  static Stream<Arguments> methods() {
    return Stream.<Class<?>>of(PreparedStatement.class, CallableStatement.class, ResultSet.class)
        .flatMap(
            type ->
                Arrays.stream(type.getMethods())
                    .filter(OneShotStreamsTest::takesStream)
                    .sorted(Comparator.comparing(Method::toString))
                    .map(
                        method ->
                            Arguments.of(
                                type.getSimpleName()
                                    + "."
                                    + method.getName()
                                    + Arrays.stream(method.getParameterTypes())
                                        .map(Class::getSimpleName)
                                        .toList(),
                                type,
                                method)));
  }

  private static boolean takesStream(Method method) {
    List<Class<?>> types = Arrays.asList(method.getParameterTypes());
    return types.contains(InputStream.class)
        || types.contains(Reader.class)
        || (types.contains(Object.class) && method.getName().matches("(set|update)Object"));
  }

  private static Object target(Class<?> type, Connection connection) throws SQLException {
    if (type == PreparedStatement.class) {
      return connection.prepareStatement("insert a");
    }
    if (type == CallableStatement.class) {
      return connection.prepareCall("insert a");
    }
    return connection.createStatement().executeQuery("select a");
  }

  private static void give(Object target, Method method, Object given) throws SQLException {
    try {
      method.invoke(
          target,
          Arrays.stream(method.getParameterTypes()).map(type -> argument(type, given)).toArray());
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof SQLException failure) {
        throw failure;
      }
      throw new AssertionError(e.getCause());
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }

  private static Object argument(Class<?> type, Object given) {
    if (type.isInstance(given)) {
      return given;
    }
    if (type == SQLType.class) {
      return JDBCType.BLOB;
    }
    if (type == String.class) {
      return "a";
    }
    return type == long.class ? (Object) 1L : 1;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("methods")
  void theNextRunFailsWhereItIsGivenTheSame(String what, Class<?> type, Method method) {
    Object given =
        Arrays.asList(method.getParameterTypes()).contains(Reader.class)
            ? new StringReader("abc")
            : stream;
    Throwable thrown =
        catchThrowable(
            () ->
                inTransaction(
                    connection -> {
                      runs++;
                      give(target(type, connection), method, given);
                      loseTheRace();
                      execute(connection, "insert a");
                    }));
    assertFailsAsTheFirstRun(thrown);
    assertThat(runs).as(what).isEqualTo(2);
    assertThat(driver.arguments.stream().filter(each -> each == given)).hasSize(1);
  }

  /** A Reader as an Object is one, too. */
  @Test
  void ofWhateverTypeItIsDeclared() {
    Object reader = new StringReader("abc");
    assertFailsAsTheFirstRun(
        catchThrowable(
            () ->
                inTransaction(
                    connection -> {
                      runs++;
                      connection.prepareStatement("insert a").setObject(1, reader);
                      loseTheRace();
                    })));
  }

  @Test
  void oneThatEachRunOpensIsGivenToEach() throws SQLException {
    inTransaction(
        connection -> {
          runs++;
          PreparedStatement insert = connection.prepareStatement("insert a");
          insert.setBinaryStream(1, new BufferedInputStream(stream));
          insert.executeUpdate();
          loseTheRace();
        });
    assertThat(runs).isEqualTo(2);
    assertThat(driver.database.rows).containsExactly("a");
  }

  @Test
  void withinOneRunItMayBeGivenTwice() throws SQLException {
    inTransaction(
        connection -> {
          runs++;
          PreparedStatement insert = connection.prepareStatement("insert a");
          insert.setBinaryStream(1, stream);
          insert.setBinaryStream(1, stream);
          insert.executeUpdate();
        });
    assertThat(runs).isOne();
  }

  /** Its class tells how much is left in it, so it can be seen that it was read or not. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void bytesInMemoryAreGivenAgainWhereTheWorkHasResetThem(boolean reset) throws SQLException {
    ByteArrayInputStream bytes = new ByteArrayInputStream(new byte[] {1, 2, 3});
    VoidWork<SQLException> work =
        connection -> {
          runs++;
          if (reset) {
            bytes.reset();
          }
          PreparedStatement insert = connection.prepareStatement("insert a");
          insert.setBinaryStream(1, bytes);
          assertThat(bytes.readAllBytes()).hasSize(3); // as a driver does
          insert.executeUpdate();
          loseTheRace();
        };
    if (reset) {
      inTransaction(work);
      assertThat(driver.database.rows).containsExactly("a");
    } else {
      assertFailsAsTheFirstRun(catchThrowable(() -> inTransaction(work)));
    }
    assertThat(runs).isEqualTo(2);
  }

  @Test
  void norIsItGivenAgainAfterALostConnection() {
    SQLException lost = driver.breakNext("executeUpdate");
    Throwable thrown =
        catchThrowable(
            () ->
                inTransaction(
                    connection -> {
                      runs++;
                      PreparedStatement insert = connection.prepareStatement("insert a");
                      insert.setBinaryStream(1, stream);
                      insert.executeUpdate();
                    }));
    assertThat(thrown).isSameAs(lost);
    assertThat(runs).isEqualTo(2);
    assertThat(driver.database.rows).isEmpty();
  }

  /** Whatever the work makes of it: what it writes without the stream isn't what it should. */
  @Test
  void aRunThatHidesTheRefusalIsNotCommitted() {
    assertFailsAsTheFirstRun(
        catchThrowable(
            () ->
                inTransaction(
                    connection -> {
                      runs++;
                      execute(connection, "insert a");
                      try {
                        connection.prepareStatement("insert b").setBinaryStream(1, stream);
                      } catch (SQLException hidden) {
                        assertThat(runs).isEqualTo(2);
                      }
                      loseTheRace();
                    })));
    assertThat(runs).isEqualTo(2);
  }

  /** By itself, as frameworks do. */
  @Test
  void norByTheWorkItself() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      Throwable thrown =
          catchThrowable(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.DEFAULT.withLabel("the upload"),
                      connection -> {
                        runs++;
                        connection.setAutoCommit(false);
                        execute(connection, "insert a");
                        try {
                          connection.prepareStatement("insert b").setBinaryStream(1, stream);
                        } catch (SQLException hidden) {
                          assertThat(runs).isEqualTo(2);
                        }
                        loseTheRace();
                        connection.setAutoCommit(true);
                        return true;
                      }));
      assertFailsAsTheFirstRun(thrown);
      face.rollback();
    }
    assertThat(runs).isEqualTo(2);
  }

  /** The inner one is another in each run of the outer. */
  @Test
  void aUnitWithinOneIsGivenWhatTheOuterWas() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      Throwable thrown =
          catchThrowable(
              () ->
                  inTransaction(
                      face,
                      outer ->
                          runner.rerun(
                              face,
                              WorkOptions.DEFAULT,
                              connection -> {
                                runs++;
                                connection.prepareStatement("insert a").setBinaryStream(1, stream);
                                loseTheRace();
                                execute(connection, "insert a");
                                return true;
                              })));
      assertFailsAsTheFirstRun(thrown);
    }
    assertThat(runs).isEqualTo(2);
  }

  /** A layer below takes a connection of its own. */
  @Test
  void thoughThatIsOnAnotherConnection() throws SQLException {
    Throwable thrown =
        catchThrowable(
            () ->
                inTransaction(
                    outer -> {
                      runs++;
                      inTransaction(
                          inner -> {
                            PreparedStatement insert = inner.prepareStatement("insert a");
                            insert.setBinaryStream(1, stream);
                            if (runs == 1) {
                              throw new IllegalStateException("not yet");
                            }
                            insert.executeUpdate();
                          });
                    }));
    assertThat(thrown).isInstanceOf(IllegalStateException.class);
    runs = 0;
    Throwable raced =
        catchThrowable(
            () ->
                inTransaction(
                    outer -> {
                      runs++;
                      try {
                        inTransaction(
                            inner -> {
                              PreparedStatement insert = inner.prepareStatement("insert a");
                              insert.setBinaryStream(1, stream);
                              if (runs == 1) {
                                throw new IllegalStateException("not yet");
                              }
                              insert.executeUpdate();
                            });
                      } catch (IllegalStateException mine) {
                        loseTheRace();
                      }
                    }));
    assertFailsAsTheFirstRun(raced);
    assertThat(runs).isEqualTo(2);
  }

  /** A transaction may write thousands, and each may hold what it is to give. */
  @Test
  void streamsThatTheWorkHasDoneWithAreNotKept() throws SQLException {
    inTransaction(
        connection -> {
          runs++;
          WeakReference<InputStream> gone = give(connection);
          Await.until(
              () -> {
                System.gc();
                return gone.get() == null;
              },
              "a stream that nobody has any more to be collected");
        });
    assertThat(runs).isOne();
  }

  private WeakReference<InputStream> give(Connection connection) throws SQLException {
    InputStream once = new BufferedInputStream(stream);
    try (PreparedStatement insert = connection.prepareStatement("insert a")) {
      insert.setBinaryStream(1, once);
      insert.executeUpdate();
    }
    driver.arguments.clear();
    return new WeakReference<>(once);
  }

  // ---- given to a statement before the unit

  private interface Sending {
    void by(PreparedStatement statement) throws SQLException;
  }

  private void assertRunsOnce(Sending sending) throws SQLException {
    try (PooledConnection face = leases.acquire();
        PreparedStatement insert = face.prepareStatement("insert a")) {
      insert.setBinaryStream(1, stream);
      Throwable thrown =
          catchThrowable(
              () ->
                  inTransaction(
                      face,
                      connection -> {
                        runs++;
                        sending.by(insert);
                        loseTheRace();
                      }));
      assertFailsAsTheFirstRun(thrown);
    }
    assertThat(runs).isOne();
  }

  @Test
  void aUnitThatSendsAStreamOfBeforeItIsNotRunAgain() throws SQLException {
    assertRunsOnce(PreparedStatement::executeUpdate);
  }

  @Test
  void norOneThatAddsItToABatch() throws SQLException {
    assertRunsOnce(
        insert -> {
          insert.addBatch();
          insert.executeBatch();
        });
  }

  /** One statement for all, to which each unit gives its own stream. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void oneThatWasSentOrForgottenBeforeIsNoObstacle(boolean sent) throws SQLException {
    try (PooledConnection face = leases.acquire();
        PreparedStatement insert = face.prepareStatement("insert a")) {
      insert.setBinaryStream(1, stream);
      if (sent) {
        insert.executeUpdate();
      }
      inTransaction(
          face,
          connection -> {
            runs++;
            insert.clearParameters();
            insert.setBinaryStream(1, new BufferedInputStream(stream));
            insert.executeUpdate();
            loseTheRace();
          });
    }
    assertThat(runs).isEqualTo(2);
    assertThat(driver.database.rows).hasSize(sent ? 2 : 1);
  }
}
