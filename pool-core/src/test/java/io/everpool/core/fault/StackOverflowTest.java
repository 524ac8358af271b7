package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The stack really overflows, at every depth that a caller may be at. */
class StackOverflowTest {
  private final Set<Object> open = ConcurrentHashMap.newKeySet();

  /** A driver that needs some stack, and whose statements recurse when told to. */
  private DataSource driver() {
    return proxy(
        DataSource.class,
        (name, self) -> {
          Connection connection = connection();
          open.add(System.identityHashCode(connection));
          return connection;
        });
  }

  private Connection connection() {
    return proxy(
        Connection.class,
        (name, self) ->
            switch (name) {
              case "createStatement" -> proxy(Statement.class, (n, s) -> deep(40));
              case "close", "abort" -> open.remove(System.identityHashCode(self));
              case "isClosed" -> !open.contains(System.identityHashCode(self));
              case "isValid", "getAutoCommit" -> true;
              default -> null;
            });
  }

  /** What a driver does to answer. */
  private static boolean deep(int frames) {
    return frames > 0 && deep(frames - 1);
  }

  private interface Answer {
    @Nullable Object to(String name, Object self);
  }

  private static <T> T proxy(Class<T> type, Answer answer) {
    return type.cast(
        Proxy.newProxyInstance(
            StackOverflowTest.class.getClassLoader(),
            new Class<?>[] {type},
            (self, method, args) -> {
              if (method.getDeclaringClass() == Object.class) {
                return method.getName().equals("hashCode")
                    ? (Object) System.identityHashCode(self)
                    : method.getName().equals("equals") ? (Object) (self == args[0]) : "fake";
              }
              Object value = answer.to(method.getName(), self);
              Class<?> returned = method.getReturnType();
              boolean fits =
                  returned == void.class
                      || (returned == boolean.class ? value instanceof Boolean : true);
              return !fits ? (Object) false : returned == void.class ? null : value;
            }));
  }

  /** Recurses as far as it goes, with a lease in its hands at the end of it. */
  @SuppressWarnings("InfiniteRecursion") // that is the point
  private static int recurse(Pool pool, int every, int depth) throws SQLException {
    if (depth % every == 0) {
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute("select 1");
      }
    }
    return 1 + recurse(pool, every, depth + 1);
  }

  /**
   * However deep in the stack a borrower is when there is no more of it, his lease ends: by his own
   * close, or by upkeep where he has not even the frame to call it.
   */
  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void no_lease_is_lost_when_the_stack_overflows() throws Exception {
    PoolConfig config =
        PoolConfig.builder("fault:")
            .name("overflow")
            .minSize(1)
            .maxSize(1)
            .acquireTimeout(Duration.ofSeconds(20))
            .build();
    try (Pool pool = Everpool.builder(config).dataSource(driver()).open()) {
      Set<String> seen = new HashSet<>();
      for (int every = 1; every <= 36; every += 5) {
        try {
          recurse(pool, every, 1);
        } catch (StackOverflowError e) {
          seen.add("overflow");
        }
        try (Connection next = pool.getConnection()) {
          assertThat(next.isClosed()).as("after an overflow, every %d", every).isFalse();
          assertThat(next.createStatement().execute("select 1")).isFalse();
        }
      }
      assertThat(seen).containsExactly("overflow");
      assertThat(open).hasSizeLessThanOrEqualTo(1);
    }
    assertThat(open).isEmpty();
  }
}
