package io.everpool.postgresql.driver;

import java.lang.reflect.Field;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * What the driver's connection knows of data types: the classes that were added for some of them,
 * and what it has learned from the server. The driver asks once what a name means, on the search
 * path of that moment, and keeps the answer as long as the connection lives, also the answer that
 * there is no such type. On another path the name may mean another type, or a type where there was
 * none before.
 *
 * <p>What the driver knows by the numbers of types alone stays: a number means the same on every
 * path.
 */
final class DataTypes {
  private static final String CLASSES = "pgNameToPgObject";

  /**
   * The driver's maps from names or to names: it writes a type's name with its schema only if the
   * schema isn't on the path.
   */
  private static final List<String> NAMES =
      List.of("pgNameToOid", "oidToPgName", "pgNameToSQLType");

  /**
   * SQLStates by which the server, or the driver itself, may refuse a type because another has
   * taken its place, or because it wasn't there at first. (If a type has gone for good, its failure
   * ends the session anyway.)
   */
  private static final Set<String> DOUBTFUL =
      Set.of(
          "42804", // datatype_mismatch: the value is of the other type of that name
          "42883", // undefined_function: no operator or function accepts the other type
          "42846", // cannot_coerce: the other type can't be converted
          "42602", // pgjdbc's own state: createArrayOf has found no type of that name
          "07006"); // pgjdbc's own state: setObject or setArray has found none

  /**
   * The names at the beginning, as the last connection had them. Connections begin alike, and there
   * may be thousands of them, so they share one copy.
   */
  private static volatile List<Map<Object, Object>> lastSeen = List.of();

  private final @Nullable Object cache;

  /**
   * The driver's own lock of these maps, from 42.6 on; in older versions the driver's methods hold
   * the monitor.
   */
  private final @Nullable Lock lock;

  private final @Nullable Map<?, ?> classes;
  private final Map<?, ?> classesAtFirst;

  /** The driver's own maps; empty if the driver hides one of them. */
  private final List<Map<Object, Object>> names = new ArrayList<>(NAMES.size());

  private final List<Map<Object, Object>> namesAtFirst;

  /** Remembers the present state. Sends nothing. */
  DataTypes(Connection connection) {
    cache = PgjdbcInternals.dataTypes(connection);
    lock = cache != null && field(cache, "lock") instanceof Lock one ? one : null;
    classes = map(cache, CLASSES);
    classesAtFirst = classes == null ? Map.of() : new HashMap<>(classes);
    for (String name : NAMES) {
      Map<Object, Object> map = map(cache, name);
      if (map != null) {
        names.add(map);
      }
    }
    if (names.size() < NAMES.size()) {
      names.clear();
    }
    namesAtFirst = copy(names);
  }

  private static List<Map<Object, Object>> copy(List<Map<Object, Object>> names) {
    List<Map<Object, Object>> last = lastSeen;
    if (names.equals(last)) {
      return last;
    }
    List<Map<Object, Object>> copies = new ArrayList<>(names.size());
    names.forEach(map -> copies.add(new HashMap<>(map)));
    lastSeen = copies;
    return copies;
  }

  /** Whether no class was added for a type; false also if that can't be seen. */
  boolean haveClassesAsAtFirst() {
    return classes != null && classes.equals(classesAtFirst);
  }

  /**
   * Makes the driver ask again what names mean.
   *
   * @throws SQLException if the driver can't be made to
   */
  void forgetNames() throws SQLException {
    if (names.isEmpty() || !forgotten()) {
      throw new SQLException(
          "What the driver has learned of data types by their names can't be taken back", "HY000");
    }
  }

  /**
   * Makes the driver ask again if the failure may have come about because a name means another type
   * by now: the type was made anew, or was created only after the driver had asked. May be called
   * from any thread.
   *
   * @return whether the failure may be such a one
   */
  boolean doubtNames(SQLException failure) {
    boolean doubtful = DOUBTFUL.contains(String.valueOf(failure.getSQLState()));
    if (doubtful) {
      doubtNames();
    }
    return doubtful;
  }

  /** Makes the driver ask again what names mean, if that is possible just now. */
  void doubtNames() {
    if (!names.isEmpty()) {
      forgotten(); // if this is not possible now, the next failure tries again
    }
  }

  /**
   * Forgets the names; returns false, and forgets nothing, if another thread has the driver's lock.
   */
  private boolean forgotten() {
    if (lock != null) {
      if (!lock.tryLock()) {
        return false;
      }
      try {
        forget();
      } finally {
        lock.unlock();
      }
    } else if (cache != null) {
      synchronized (cache) {
        forget();
      }
    }
    return true;
  }

  private void forget() {
    for (int i = 0; i < names.size(); i++) {
      names.get(i).keySet().retainAll(namesAtFirst.get(i).keySet());
      // a type of the program's own may have had the name of a built-in one
      names.get(i).putAll(namesAtFirst.get(i));
    }
  }

  @SuppressWarnings("unchecked") // nothing is put into the map but what was in it
  private static @Nullable Map<Object, Object> map(@Nullable Object cache, String name) {
    return cache != null && field(cache, name) instanceof Map<?, ?> map
        ? (Map<Object, Object>) map
        : null;
  }

  private static @Nullable Object field(Object of, String name) {
    try {
      Field field = of.getClass().getDeclaredField(name);
      field.setAccessible(true);
      return field.get(of);
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null;
    }
  }
}
