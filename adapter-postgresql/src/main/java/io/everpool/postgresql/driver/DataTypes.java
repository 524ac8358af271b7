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
 * and what it has learned from the server. It asks once what a name means, on the search path of
 * that moment, and keeps the answer as long as the connection lives, "there is none" as well. On
 * another path the name may mean another type, or one where there was none.
 *
 * <p>What it knows by the numbers of types alone stays: those mean the same on every path.
 */
final class DataTypes {
  private static final String CLASSES = "pgNameToPgObject";

  /**
   * By a name, or to one: a type's is written with its schema only where that isn't on the path.
   */
  private static final List<String> NAMES =
      List.of("pgNameToOid", "oidToPgName", "pgNameToSQLType");

  /**
   * By what the server, or the driver itself, may refuse a type that another has taken the place
   * of, or that wasn't there at first. One that has gone ends the session.
   */
  private static final Set<String> DOUBTFUL =
      Set.of(
          "42804", // datatype_mismatch: it is of the other type of that name
          "42883", // undefined_function: no operator or function takes that one
          "42846", // cannot_coerce
          "42602", // pgjdbc's own: createArrayOf has found no type of that name
          "07006"); // pgjdbc's own: setObject or setArray has

  /** Connections begin alike, and there may be thousands of them. */
  private static volatile List<Map<Object, Object>> lastSeen = List.of();

  private final @Nullable Object cache;

  /** The driver's own (from 42.6 on); before, its methods hold the monitor. */
  private final @Nullable Lock lock;

  private final @Nullable Map<?, ?> classes;
  private final Map<?, ?> classesAtFirst;

  /** The driver's own maps; empty if it hides one of them. */
  private final List<Map<Object, Object>> names = new ArrayList<>(NAMES.size());

  private final List<Map<Object, Object>> namesAtFirst;

  /** Remembers what is so now. Sends nothing. */
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

  /** Whether no class was added for a type; no if that can't be seen. */
  boolean haveClassesAsAtFirst() {
    return classes != null && classes.equals(classesAtFirst);
  }

  /**
   * Has the driver ask again what names mean.
   *
   * @throws SQLException if it can't be had to
   */
  void forgetNames() throws SQLException {
    if (names.isEmpty() || !forgotten()) {
      throw new SQLException(
          "What the driver has learned of data types by their names can't be taken back", "HY000");
    }
  }

  /**
   * Has the driver ask again if this may have failed because a name means another type by now: the
   * type was made anew, or has only come to be there. From any thread.
   *
   * @return whether that may be so
   */
  boolean doubtNames(SQLException failure) {
    boolean doubtful = DOUBTFUL.contains(String.valueOf(failure.getSQLState()));
    if (doubtful) {
      doubtNames();
    }
    return doubtful;
  }

  /** Has the driver ask again what names mean, if it can be had to just now. */
  void doubtNames() {
    if (!names.isEmpty()) {
      forgotten(); // else at the next failure
    }
  }

  /** No if another thread is at them. */
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
      names.get(i).putAll(namesAtFirst.get(i)); // a type of one's own may be called like a built-in
    }
  }

  @SuppressWarnings("unchecked") // nothing is put into it but what was in it
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
