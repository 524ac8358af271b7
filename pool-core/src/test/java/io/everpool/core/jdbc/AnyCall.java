package io.everpool.core.jdbc;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.sql.Connection;
import java.sql.SQLClientInfoException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Calls any JDBC method with arguments that are good enough for a driver that doesn't care. */
final class AnyCall {

  private AnyCall() {}

  /** Every method of an interface and its parents, in a settled order; default methods, too. */
  static List<Method> methods(Class<?> type) {
    return Arrays.stream(type.getMethods())
        .filter(m -> !Modifier.isStatic(m.getModifiers()))
        .sorted(Comparator.comparing(Method::toString))
        .toList();
  }

  static @Nullable Object on(Object target, Method method) throws Throwable {
    Object[] args = Arrays.stream(method.getParameterTypes()).map(AnyCall::argument).toArray();
    try {
      return method.invoke(target, args);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  /** The same where only exceptions are expected. */
  static @Nullable Object call(Object target, Method method) throws Exception {
    try {
      return on(target, method);
    } catch (Exception | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static @Nullable Object argument(Class<?> type) {
    if (type == Class.class) {
      return FakeDriver.Vendor.class;
    }
    if (type == Map.class) {
      return Map.of();
    }
    if (type == Properties.class) {
      return new Properties();
    }
    if (type == Executor.class) {
      return (Executor) Runnable::run;
    }
    return type == int.class ? (Object) Connection.TRANSACTION_SERIALIZABLE : FakeDriver.some(type);
  }

  /** The SQLState of what a call throws; null if it returns. */
  static @Nullable String state(Object target, Method method) throws Throwable {
    try {
      on(target, method);
      return null;
    } catch (SQLClientInfoException e) {
      return e.getSQLState();
    } catch (java.sql.SQLException e) {
      return e.getSQLState();
    }
  }
}
