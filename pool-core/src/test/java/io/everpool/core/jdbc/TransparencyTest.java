package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What holds for each of the hundreds of methods of the six faces. */
class TransparencyTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLessor lessor = FakeLessor.over(driver);
  private PooledConnection connection;

  /** A face of each kind, by its interface. */
  private final Map<Class<?>, Object> faces = new LinkedHashMap<>();

  @BeforeEach
  void openOneOfEach() throws SQLException {
    connection = lessor.acquire();
    faces.put(Connection.class, connection);
    faces.put(Statement.class, connection.createStatement());
    faces.put(PreparedStatement.class, connection.prepareStatement("select 1"));
    faces.put(CallableStatement.class, connection.prepareCall("{call x()}"));
    faces.put(ResultSet.class, connection.createStatement().executeQuery("select 2"));
    faces.put(DatabaseMetaData.class, connection.getMetaData());
  }

  /**
   * A closed face must not reach the session, which somebody else may have by now: every method of
   * all six says 08003, but for the few of which JDBC says that they are harmless, or that are
   * constants of the driver.
   */
  @Test
  void afterCloseEveryMethodThrows08003() throws Throwable {
    Set<String> harmless =
        Set.of(
            "close",
            "isClosed",
            "abort",
            "isValid",
            "getDriverMajorVersion",
            "getDriverMinorVersion");
    connection.close();
    driver.calls.clear();
    List<String> wrong = new ArrayList<>();
    int count = 0;
    for (Map.Entry<Class<?>, Object> face : faces.entrySet()) {
      for (Method method : AnyCall.methods(face.getKey())) {
        if (!harmless.contains(method.getName())) {
          count++;
          String state = AnyCall.state(face.getValue(), method);
          if (!"08003".equals(state)) {
            wrong.add(method + " -> " + state);
          }
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(count).isGreaterThan(650);
    assertThat(driver.calls).as("what reached the driver").isEmpty();
  }

  @Test
  void afterCloseTheHarmlessOnesAnswer() throws SQLException {
    connection.close();
    connection.close();
    connection.abort(Runnable::run);
    assertThat(connection.isClosed()).isTrue();
    assertThat(connection.isValid(1)).isFalse();
    for (Object face : faces.values()) {
      if (face instanceof Statement statement) {
        statement.close();
        assertThat(statement.isClosed()).isTrue();
      }
    }
    ResultSet rows = (ResultSet) Objects.requireNonNull(faces.get(ResultSet.class));
    rows.close();
    assertThat(rows.isClosed()).isTrue();
    assertThat(lessor.released).hasValue(1);
  }

  /** Whatever leads to a connection, a statement, a result set or meta data leads to a face. */
  @Test
  void nothingBareLeaksFromAnyMethod() throws Throwable {
    List<String> bare = new ArrayList<>();
    Set<String> leave = Set.of("close", "abort", "unwrap");
    int results = 0;
    for (Map.Entry<Class<?>, Object> face : faces.entrySet()) {
      for (Method method : AnyCall.methods(face.getKey())) {
        if (!leave.contains(method.getName())) {
          Object result = AnyCall.on(face.getValue(), method);
          if (FakeDriver.bare(result)) {
            bare.add(method.toString());
          }
          results += faces.keySet().stream().anyMatch(t -> t.isInstance(result)) ? 1 : 0;
        }
      }
    }
    assertThat(bare).isEmpty();
    assertThat(results).as("methods that returned a face").isGreaterThan(45);
  }

  /** Every method reaches the driver's own method, so that nothing is answered by a default. */
  @Test
  void everyMethodReachesTheDriver() throws Throwable {
    Set<String> ours =
        Set.of("close", "abort", "isClosed", "unwrap", "isWrapperFor", "getConnection");
    List<String> lost = new ArrayList<>();
    for (Map.Entry<Class<?>, Object> face : faces.entrySet()) {
      for (Method method : AnyCall.methods(face.getKey())) {
        if (!ours.contains(method.getName()) && forwarded(face.getValue(), method)) {
          driver.calls.clear();
          AnyCall.on(face.getValue(), method);
          if (driver.calls.stream().noneMatch(c -> c.startsWith(method.getName() + "("))) {
            lost.add(method.toString());
          }
        }
      }
    }
    assertThat(lost).isEmpty();
  }

  /**
   * What a JDK newer than the release we are built for adds to an interface is a default method: it
   * isn't forwarded, and calls methods that are.
   */
  @Test
  void onlyDefaultMethodsOfNewerJdksAreNotForwarded() {
    List<String> missing = new ArrayList<>();
    faces.forEach(
        (type, face) -> {
          for (Method method : AnyCall.methods(type)) {
            if (!forwarded(face, method) && !method.isDefault()) {
              missing.add(method.toString());
            }
          }
        });
    assertThat(missing).isEmpty();
    if (Runtime.version().feature() == 17) {
      faces.forEach(
          (type, face) ->
              assertThat(AnyCall.methods(type)).allMatch(method -> forwarded(face, method)));
    }
  }

  private static boolean forwarded(Object face, Method method) {
    try {
      Method found = face.getClass().getMethod(method.getName(), method.getParameterTypes());
      return !found.getDeclaringClass().isInterface() && !Modifier.isAbstract(found.getModifiers());
    } catch (NoSuchMethodException e) {
      return false;
    }
  }
}
