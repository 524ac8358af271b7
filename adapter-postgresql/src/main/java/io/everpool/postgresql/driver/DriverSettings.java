package io.everpool.postgresql.driver;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Remembers how the driver's own object was set when it was opened, and brings that back: a program
 * that had the object in its hands may have called any setter, past the pool's faces.
 *
 * <p>Every version of the driver has its own setters. So reflection looks for all properties that
 * have a getter and a setter of the same simple type, on the connection and on its query executor.
 * The few without a getter are set to what they are in a new connection. Data types that were added
 * can't be taken back; what the driver has learned of types by their names is forgotten.
 */
public final class DriverSettings {

  /**
   * Names of setters that are left out, because they send SQL, or hold what the server says. The
   * statements of the reset see to these.
   */
  private static final Set<String> NOT_OURS =
      Set.of("Schema", "Catalog", "TransactionIsolation", "ClientInfo", "Savepoint", "TimeZone");

  private static final PgjdbcInternals DRIVER = PgjdbcInternals.PRESENT;

  private static final ClassValue<List<Property>> PROPERTIES =
      new ClassValue<>() {
        @Override
        protected List<Property> computeValue(Class<?> type) {
          return properties(type);
        }
      };

  /** A property that can be read and written. */
  private record Property(Method getter, Method setter) {

    @Nullable Object read(Object of) throws SQLException {
      return copy(call(getter, of));
    }

    void write(Object of, @Nullable Object value) throws SQLException {
      call(setter, of, copy(value));
    }

    private static @Nullable Object call(Method method, Object of, @Nullable Object... arguments)
        throws SQLException {
      try {
        return method.invoke(of, arguments);
      } catch (InvocationTargetException e) {
        throw new SQLException(method.getName() + " failed: " + e.getCause(), e.getCause());
      } catch (IllegalAccessException e) {
        throw new SQLException(method.getName() + " can't be called", e);
      }
    }

    /**
     * Copies a collection: the program may change the one that a getter returns, or that a setter
     * was given.
     */
    private static @Nullable Object copy(@Nullable Object value) {
      if (value instanceof Map<?, ?> map) {
        return new HashMap<>(map);
      }
      return value instanceof Set<?> set ? new HashSet<>(set) : value;
    }
  }

  private final Connection connection;
  private final @Nullable Object executor;
  private final List<@Nullable Object> ofConnection;
  private final List<@Nullable Object> ofExecutor;
  private final DataTypes types;

  /**
   * The schema of the last transaction that began in a schema of its own; null if another path may
   * have counted since.
   */
  private volatile @Nullable String schemaOfNames;

  /** Remembers the present state. Sends nothing. */
  public DriverSettings(Connection connection) throws SQLException {
    this.connection = connection;
    this.executor = DRIVER.executor(connection);
    this.ofConnection = read(connection, PROPERTIES.get(connection.getClass()));
    this.ofExecutor = executor == null ? List.of() : read(executor, ofExecutor());
    this.types = new DataTypes(connection);
  }

  /**
   * Brings back what may have changed.
   *
   * @param exposed whether the program had the object, so that any property may have changed
   * @param moved whether names may mean other types than before
   * @throws SQLException if something can't be brought back
   */
  public void restore(boolean exposed, boolean moved) throws SQLException {
    if (exposed) {
      restore();
    }
    if (moved) {
      types.forgetNames();
    }
  }

  private void restore() throws SQLException {
    restore(connection, PROPERTIES.get(connection.getClass()), ofConnection);
    if (executor != null) {
      restore(executor, ofExecutor(), ofExecutor);
    }
    DRIVER.resetWhatIsOnlySet(connection);
    if (!types.haveClassesAsAtFirst()) {
      throw new SQLException(
          "Data types may have been added to the driver's own connection, and can't be taken back",
          "HY000");
    }
  }

  /**
   * Is called when a transaction begins in a schema of its own: what names mean in the schema
   * before says nothing here. So the driver is made to forget it, if that is possible now;
   * otherwise this happens at the next failure, if at all.
   */
  public void beginsIn(String schema) {
    if (!schema.equals(schemaOfNames)) {
      types.doubtNames();
      schemaOfNames = schema;
    }
  }

  /**
   * Is called when a statement has failed, perhaps because the driver takes the name of a type for
   * another type.
   */
  public void failed(SQLException failure) {
    if (types.doubtNames(failure)) {
      schemaOfNames = null;
    }
  }

  private static List<Property> ofExecutor() {
    Class<?> type = PgjdbcInternals.executorType();
    return type == null ? List.of() : PROPERTIES.get(type);
  }

  private static List<@Nullable Object> read(Object of, List<Property> properties)
      throws SQLException {
    List<@Nullable Object> values = new ArrayList<>();
    for (Property property : properties) {
      values.add(property.read(of));
    }
    return values;
  }

  private static void restore(Object of, List<Property> properties, List<@Nullable Object> values)
      throws SQLException {
    for (int i = 0; i < properties.size(); i++) {
      if (!Objects.equals(properties.get(i).read(of), values.get(i))) {
        properties.get(i).write(of, values.get(i));
      }
    }
  }

  private static List<Property> properties(Class<?> type) {
    List<Property> properties = new ArrayList<>();
    for (Method setter : type.getMethods()) {
      String name = setter.getName();
      if (name.startsWith("set")
          && setter.getParameterCount() == 1
          && isSimple(setter.getParameterTypes()[0])
          && !NOT_OURS.contains(name.substring(3))) {
        Method getter = getter(type, name.substring(3), setter.getParameterTypes()[0]);
        if (getter != null) {
          properties.add(new Property(getter, setter));
        }
      }
    }
    return properties;
  }

  private static @Nullable Method getter(Class<?> type, String name, Class<?> value) {
    for (Method method : type.getMethods()) {
      if ((method.getName().equals("get" + name) || method.getName().equals("is" + name))
          && method.getParameterCount() == 0
          && value.isAssignableFrom(method.getReturnType())) {
        return method;
      }
    }
    return null;
  }

  private static boolean isSimple(Class<?> type) {
    return type.isPrimitive()
        || type.isEnum()
        || type == String.class
        || type == Map.class
        || type == Set.class;
  }
}
