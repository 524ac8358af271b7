package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.io.Writer;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.sql.Array;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.NClob;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.Ref;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLXML;
import java.sql.Statement;
import java.sql.Struct;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What holds for each of the hundreds of methods of the faces. */
class TransparencyTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);
  private PooledConnection connection;

  /** A face of each kind, by its interface. */
  private final Map<Class<?>, Object> faces = new LinkedHashMap<>();

  @BeforeEach
  void openOneOfEach() throws SQLException {
    connection = leases.acquire();
    faces.put(Connection.class, connection);
    faces.put(Statement.class, connection.createStatement());
    faces.put(PreparedStatement.class, connection.prepareStatement("select 1"));
    faces.put(CallableStatement.class, connection.prepareCall("{call x()}"));
    faces.put(ResultSet.class, connection.createStatement().executeQuery("select 2"));
    faces.put(DatabaseMetaData.class, connection.getMetaData());
    ResultSet rows = (ResultSet) Objects.requireNonNull(faces.get(ResultSet.class));
    faces.put(Array.class, rows.getArray(1));
    faces.put(Blob.class, rows.getBlob(1));
    faces.put(Clob.class, rows.getClob(1));
    faces.put(NClob.class, rows.getNClob(1));
    faces.put(Ref.class, rows.getRef(1));
    faces.put(SQLXML.class, rows.getSQLXML(1));
    faces.put(ResultSetMetaData.class, rows.getMetaData());
    faces.put(Struct.class, connection.createStruct("t", new Object[0]));
    faces.put(
        ParameterMetaData.class, connection.prepareStatement("select ?").getParameterMetaData());
  }

  /**
   * Those who put a proxy around what they get make it of the interfaces that its class declares
   * itself: {@code Class.getInterfaces()} has none of a superclass.
   */
  @Test
  void eachDeclaresItsInterfaceItself() {
    faces.forEach(
        (type, face) -> assertThat(face.getClass().getInterfaces()).as("%s", face).contains(type));
    assertThat(InterceptedConnection.class.getInterfaces()).contains(Connection.class);
    assertThat(UnlistedResultSet.class.getInterfaces()).contains(ResultSet.class);
  }

  /** Whatever is of java.sql and comes out of any method, by whatever path, is one of the faces. */
  @Test
  void everyTypeThatMayUseItsConnectionHasAFace() {
    Set<Class<?>> harmless =
        Set.of(
            // hold nothing of a connection, or are the program's own
            java.sql.Date.class,
            java.sql.Time.class,
            java.sql.Timestamp.class,
            java.sql.RowId.class,
            java.sql.RowIdLifetime.class,
            java.sql.Savepoint.class,
            java.sql.SQLWarning.class);
    Set<String> without = new TreeSet<>();
    for (Class<?> type : faces.keySet()) {
      for (Method method : AnyCall.methods(type)) {
        Class<?> result = method.getReturnType();
        if (result.getName().startsWith("java.sql.")
            && !faces.containsKey(result)
            && !harmless.contains(result)) {
          without.add(result.getName());
        }
      }
    }
    assertThat(without).isEmpty();
  }

  /** Streams go on fetching and sending after they were given out. */
  @Test
  void streamsEndWithTheLease() throws Exception {
    driver.streams = true;
    List<Closeable> streams = new ArrayList<>();
    for (Map.Entry<Class<?>, Object> face : faces.entrySet()) {
      for (Method method : AnyCall.methods(face.getKey())) {
        if (Closeable.class.isAssignableFrom(method.getReturnType())) {
          streams.add((Closeable) AnyCall.call(face.getValue(), method));
        }
      }
    }
    assertThat(streams).hasSizeGreaterThan(20);
    connection.close();
    driver.calls.clear();
    for (Closeable stream : streams) {
      if (stream instanceof InputStream in) {
        assertThatThrownBy(in::read).isInstanceOf(IOException.class).hasMessageContaining("closed");
      } else if (stream instanceof Reader in) {
        assertThatThrownBy(in::read).isInstanceOf(IOException.class).hasMessageContaining("closed");
      } else if (stream instanceof OutputStream out) {
        assertThatThrownBy(() -> out.write(1)).isInstanceOf(IOException.class);
        assertThatThrownBy(out::flush).isInstanceOf(IOException.class);
      } else {
        assertThatThrownBy(() -> ((Writer) stream).write(1)).isInstanceOf(IOException.class);
      }
      stream.close();
    }
    assertThat(driver.calls).as("what reached the driver's streams").isEmpty();
  }

  /** The driver is given its own objects, as it would be without faces. */
  @Test
  void argumentsReachTheDriverBare() throws SQLException {
    Blob blob = (Blob) Objects.requireNonNull(faces.get(Blob.class));
    Array array = (Array) Objects.requireNonNull(faces.get(Array.class));
    driver.calls.clear();
    try (PreparedStatement statement = connection.prepareStatement("insert x")) {
      statement.setBlob(1, blob);
      statement.setArray(2, array);
      statement.setObject(3, blob);
    }
    connection.createStruct("t", new Object[] {"a", array});
    assertThat(driver.arguments).isNotEmpty().allMatch(a -> !(a instanceof LeasedObject));
    assertThat(driver.arguments).filteredOn(FakeDriver::bare).hasSize(4);
  }

  /** The end of one lease isn't the end of the connection that such an object is then used on. */
  @Test
  void anObjectOfALeaseThatIsOverIsRefusedAsAnArgumentAndDoomsNothing() throws SQLException {
    Blob blob = (Blob) Objects.requireNonNull(faces.get(Blob.class));
    connection.close();
    try (PooledConnection next = leases.acquire();
        PreparedStatement statement = next.prepareStatement("insert x")) {
      assertThatThrownBy(() -> statement.setBlob(1, blob))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("22023"));
    }
    assertThat(leases.doomed).isEmpty();
    blob.free();
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
            "free",
            "cancel",
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
        statement.cancel();
        assertThat(statement.isClosed()).isTrue();
      }
    }
    assertThat(driver.calls).as("what reached the driver").doesNotContain("cancel");
    ResultSet rows = (ResultSet) Objects.requireNonNull(faces.get(ResultSet.class));
    rows.close();
    assertThat(rows.isClosed()).isTrue();
    assertThat(leases.released).hasValue(1);
  }

  private static ResultSet rows() {
    return (ResultSet)
        Proxy.newProxyInstance(
            ResultSet.class.getClassLoader(),
            new Class<?>[] {ResultSet.class},
            (proxy, method, arguments) -> null);
  }

  /** Who keeps a list of what is open takes out what he has put in. */
  @Test
  void twoFacesOfTheSameRowsAreEqual() {
    ResultSet bare = rows();
    ResultSet rows = new UnlistedResultSet(connection, bare);
    assertThat(new UnlistedResultSet(connection, bare)).isEqualTo(rows).hasSameHashCodeAs(rows);
    assertThat(new UnlistedResultSet(connection, rows())).isNotEqualTo(rows);
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
          if (hasBare(result)) {
            bare.add(method.toString());
          }
          results += faces.keySet().stream().anyMatch(t -> t.isInstance(result)) ? 1 : 0;
        }
      }
    }
    assertThat(bare).isEmpty();
    assertThat(results).as("methods that returned a face").isGreaterThan(45);
  }

  private static boolean hasBare(@Nullable Object result) {
    return result instanceof Object[] several
        ? Arrays.stream(several).anyMatch(TransparencyTest::hasBare)
        : FakeDriver.bare(result);
  }

  /** What the driver has is left to it: the same faces again, and none of faces. */
  @Test
  void theAttributesOfAStructureAreFaces() throws SQLException {
    Struct struct = (Struct) Objects.requireNonNull(faces.get(Struct.class));
    for (int i = 0; i < 2; i++) {
      Object[] attributes = struct.getAttributes();
      assertThat(attributes[0]).isEqualTo("text");
      Array array = (Array) attributes[1];
      assertThat(array.getResultSet().getStatement().getConnection()).isSameAs(connection);
      assertThat(((Object[]) attributes[2])[0]).isInstanceOf(LeasedObject.class);
      connection.prepareStatement("insert x").setArray(1, array);
      assertThat(driver.arguments).last().satisfies(a -> assertThat(FakeDriver.bare(a)).isTrue());
    }
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
   * JDBC's word for a method that a driver doesn't have is SQLFeatureNotSupportedException; its own
   * default methods throw another, and so do many drivers. Nothing was done in either.
   */
  @Test
  void whatADriverDoesNotHaveCostsNoConnection() throws Throwable {
    Set<String> ours =
        Set.of("close", "abort", "isClosed", "unwrap", "isWrapperFor", "getConnection");
    List<String> costly = new ArrayList<>();
    for (Map.Entry<Class<?>, Object> face : faces.entrySet()) {
      for (Method method : AnyCall.methods(face.getKey())) {
        if (!ours.contains(method.getName()) && forwarded(face.getValue(), method)) {
          for (String[] below : BELOW) {
            if (isDoomedBy(face.getValue(), method, below)) {
              costly.add(method + " by " + below[0]);
            }
          }
        }
      }
    }
    assertThat(costly).isEmpty();
    Method method = Connection.class.getMethod("getSchema");
    assertThat(isDoomedBy(connection, method, "java.util.List", "org.driver.Stub"))
        .as("in the midst of it")
        .isTrue();
    assertThat(isDoomedBy(connection, method, "org.driver.A", "org.driver.B", "org.driver.Stub"))
        .as("deep within")
        .isTrue();
  }

  /** What lies on the stack below a face's method: JDBC's default, a stub, and what stubs call. */
  private static final List<String[]> BELOW =
      List.of(
          new String[] {"java.sql.Statement"},
          new String[] {"org.driver.Stub"},
          new String[] {"org.driver.Refusals", "org.driver.Stub"});

  private boolean isDoomedBy(Object face, Method method, String... below) throws Throwable {
    Throwable refusal = new UnsupportedOperationException();
    List<StackTraceElement> stack = new ArrayList<>();
    for (String type : below) {
      stack.add(new StackTraceElement(type, method.getName(), "", 1));
    }
    stack.add(new StackTraceElement(face.getClass().getName(), method.getName(), "", 1));
    refusal.setStackTrace(stack.toArray(StackTraceElement[]::new));
    driver.failNext(method.getName(), refusal);
    try {
      AnyCall.on(face, method);
    } catch (UnsupportedOperationException e) {
      assertThat(e).isSameAs(refusal);
    }
    Session session = FakeLeaseManager.session(connection);
    boolean doomed = session.broken() || !leases.doomed.isEmpty();
    session.marks &= ~Session.BROKEN;
    leases.doomed.clear();
    return doomed;
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
