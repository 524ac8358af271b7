package io.everpool.core.jdbc;

import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A driver without a database. Remembers what it was asked and what was set, answers anything with
 * something, knows its transactions, and fails when told to.
 */
public final class FakeDriver {

  /** What only this driver's connections can do. */
  public interface Vendor {
    String vendorsOwn();
  }

  /** What was called on any of its objects, such as {@code setReadOnly(true)}. */
  public final List<String> calls = Collections.synchronizedList(new ArrayList<>());

  /** What its connections say of commits. */
  public final FakeCommits commits = new FakeCommits();

  /** The tables, of one column and no structure. */
  public final FakeDatabase database = new FakeDatabase();

  private final Map<String, Deque<SQLException>> failures = new ConcurrentHashMap<>();

  /** Has the next call of this name fail. */
  public void failNext(String method, SQLException failure) {
    failures.computeIfAbsent(method, m -> new ArrayDeque<>()).add(failure);
  }

  /** Has the next call of this name fail as when the connection breaks. */
  public SQLException breakNext(String method) {
    SQLException failure = new SQLException("broken off at " + method, "08006");
    failNext(method, failure);
    return failure;
  }

  /** How often a connection was told to forget its plans. */
  public int plansForgotten;

  /** Whether its servers can be told to refuse writes. */
  public boolean canRefuseWrites;

  /** What they were told, in order, each at the cost of a round trip. */
  public final List<Boolean> writesRefused = new ArrayList<>();

  /** Opens a connection. */
  public FakePhysical open() {
    return new FakePhysical(this, new Fake(this, null, Connection.class, ""));
  }

  void called(Method method, @Nullable Object @Nullable [] args) throws SQLException {
    String text =
        args == null
            ? ""
            : Arrays.stream(args).map(String::valueOf).collect(Collectors.joining(", "));
    calls.add(method.getName() + "(" + text + ")");
    Deque<SQLException> due = failures.get(method.getName());
    SQLException failure = due == null ? null : due.poll();
    if (failure != null) {
      throw failure;
    }
  }

  /** Whether an object comes from this driver as it is, without a face. */
  public static boolean bare(@Nullable Object object) {
    return object != null && Proxy.isProxyClass(object.getClass());
  }

  /** Something for each type, so that any method can be called and can answer. */
  static @Nullable Object some(Class<?> type) {
    if (type == boolean.class) {
      return false;
    }
    if (type.isPrimitive() && type != void.class) {
      return Array.get(Array.newInstance(type, 1), 0);
    }
    if (type == String.class) {
      return "text";
    }
    if (type.isArray()) {
      return Array.newInstance(type.getComponentType(), 0);
    }
    return null;
  }
}
