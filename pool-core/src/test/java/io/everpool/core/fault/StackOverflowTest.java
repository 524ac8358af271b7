package io.everpool.core.fault;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The stack really overflows, at every depth that a caller may be at. */
class StackOverflowTest {
  private final Set<Object> open = ConcurrentHashMap.newKeySet();

  /** The next statement finds its connection lost. */
  private final AtomicBoolean breaks = new AtomicBoolean();

  /**
   * A class that comes to the end of the stack while it begins is of no use to its JVM any more:
   * ours, and what the JDK makes lambdas, records and switches of when they are first used. This
   * test has a JVM for itself, too: see the pom.
   */
  @BeforeAll
  static void initializeAll() throws Exception {
    initialize(
        Path.of(Everpool.class.getProtectionDomain().getCodeSource().getLocation().toURI()), "");
    Path base = FileSystems.getFileSystem(URI.create("jrt:/")).getPath("/modules/java.base");
    for (String linkage :
        List.of(
            "java/lang/classfile",
            "java/lang/invoke",
            "java/lang/runtime",
            "jdk/internal/classfile",
            "jdk/internal/org/objectweb/asm")) {
      initialize(base, linkage);
    }
  }

  /** All the classes under {@code part} of what begins at {@code root}, if there are any. */
  private static void initialize(Path root, String part) throws Exception {
    if (!Files.exists(root.resolve(part))) {
      return; // of another Java
    }
    try (Stream<Path> files = Files.walk(root.resolve(part))) {
      for (Path file : files.filter(it -> it.toString().endsWith(".class")).toList()) {
        String name = root.relativize(file).toString().replace('/', '.');
        if (!name.startsWith("module-info") && !name.startsWith("META-INF")) {
          Class.forName(name.substring(0, name.length() - ".class".length()));
        }
      }
    }
  }

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
              case "createStatement" -> proxy(Statement.class, (n, s) -> execute(n));
              case "close", "abort" -> open.remove(System.identityHashCode(self));
              case "isClosed" -> !open.contains(System.identityHashCode(self));
              case "isValid", "getAutoCommit" -> true;
              default -> null;
            });
  }

  private boolean execute(String name) throws SQLException {
    if (name.equals("execute") && breaks.getAndSet(false)) {
      throw new SQLException("the connection is lost", "08006");
    }
    return deep(40);
  }

  /** What a driver does to answer. */
  private static boolean deep(int frames) {
    return frames > 0 && deep(frames - 1);
  }

  private interface Answer {
    @Nullable Object to(String name, Object self) throws SQLException;
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

  /** What a borrower does. */
  private enum Use {
    /** Nothing that costs anything. */
    PLAIN,
    /** Something is to be cleaned when it comes back. */
    CHANGED {
      @Override
      void use(Connection connection) throws SQLException {
        connection.setReadOnly(true);
        super.use(connection);
      }
    },
    /** Others have a word in the lease. */
    INTERCEPTED {
      @Override
      Everpool.Builder build(Everpool.Builder builder) {
        return builder.interceptor(
            new LeaseInterceptor() {
              @Override
              public void acquired(Connection connection) throws SQLException {
                connection.isClosed();
              }
            });
      }
    },
    /** Leases are measured. */
    MEASURED {
      @Override
      Everpool.Builder build(Everpool.Builder builder) {
        return builder.recorder(
            new LeaseRecorder() {
              @Override
              public void acquired(long waitedNanos) {}

              @Override
              public void released(long heldNanos) {}
            });
      }
    },
    /** Another stands in line for it when it comes back. */
    WAITED_FOR {
      private @Nullable Neighbour neighbour;

      @Override
      void play(Pool pool, AtomicBoolean breaks) throws SQLException {
        Neighbour it = neighbour == null ? new Neighbour(pool) : neighbour;
        neighbour = it;
        for (int frames = 30; frames < 33; frames++) { // less than a frame of the test's own apart
          if (!it.awaitIdle()) {
            return; // it has waited in vain, which is told at the end
          }
          try (Connection connection = pool.getConnection()) {
            it.standInLine();
            closeBelow(connection, frames);
          }
        }
      }

      @Override
      void end() throws Exception {
        requireNonNull(neighbour).end();
      }
    },
    /** It is lost, and the unit goes on over another. */
    RENEWED {
      @Override
      void play(Pool pool, AtomicBoolean breaks) throws SQLException {
        breaks.set(true);
        pool.<String, SQLException>run(
            WorkOptions.IDEMPOTENT,
            connection -> {
              use(connection);
              return "";
            });
      }

      @Override
      Everpool.Builder build(Everpool.Builder builder) {
        return INTERCEPTED.build(builder);
      }
    };

    void play(Pool pool, AtomicBoolean breaks) throws SQLException {
      try (Connection connection = pool.getConnection()) {
        use(connection);
      }
    }

    void use(Connection connection) throws SQLException {
      try (Statement statement = connection.createStatement()) {
        statement.execute("select 1");
      }
    }

    Everpool.Builder build(Everpool.Builder builder) {
      return builder;
    }

    void end() throws Exception {}
  }

  /** Where there is less stack than it took to borrow; and shows whether there was plenty. */
  private static void closeBelow(Connection connection, int frames) throws SQLException {
    if (frames > 0) {
      closeBelow(connection, frames - 1);
    } else {
      connection.close();
      deep(300);
    }
  }

  /**
   * Stands in line when told to, and gives back at once what it gets. The borrower, at the end of
   * his stack, tells it and looks at it by what takes less stack than to borrow.
   */
  private static final class Neighbour {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Pool pool;
    private final Thread thread = new Thread(this::run, "neighbour");
    private volatile boolean wanted;
    private volatile boolean over;
    private volatile @Nullable Throwable failure;

    Neighbour(Pool pool) {
      this.pool = pool;
      thread.start();
    }

    private void run() {
      while (!over) {
        if (wanted) {
          try {
            pool.getConnection(PATIENCE).close();
          } catch (Throwable e) {
            failure = e;
          }
          wanted = false;
        } else {
          LockSupport.park();
        }
      }
    }

    /** What comes back or is opened goes through its hands, so that nobody else has to wait. */
    boolean awaitIdle() {
      awaitRest();
      wanted = failure == null;
      awaitRest();
      return failure == null;
    }

    private void awaitRest() {
      while (wanted) {
        LockSupport.unpark(thread); // once more: the stack may have been at its end at the first
        Thread.onSpinWait();
      }
    }

    void standInLine() {
      wanted = true;
      LockSupport.unpark(thread);
      while (wanted && thread.getState() != Thread.State.TIMED_WAITING) {
        Thread.onSpinWait();
      }
    }

    void end() throws Exception {
      awaitRest();
      over = true;
      LockSupport.unpark(thread);
      thread.join();
      assertThat(failure).as("of one who waited").isNull();
    }
  }

  /** So often it has to go well, one frame higher each time, until there is stack enough. */
  private static final int CALM = 8;

  private int overflows;
  private int calm;

  /** To the end of the stack, and then the same thing from every frame that leaves a bit more. */
  @SuppressWarnings("InfiniteRecursion") // that is the point
  private void recurse(Pool pool, Use use) {
    try {
      recurse(pool, use);
    } catch (StackOverflowError e) {
      calm = 0;
    }
    if (calm < CALM) {
      try {
        use.play(pool, breaks);
        calm++;
      } catch (Throwable e) { // or what the JVM and the pool make of it
        calm = 0;
        overflows++;
      }
    }
  }

  /**
   * However deep in the stack a borrower is when there is no more of it, his lease ends: by his own
   * close, or by upkeep where he has not even the frame to call it.
   */
  @ParameterizedTest
  @EnumSource(Use.class)
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void no_lease_is_lost_when_the_stack_overflows(Use use) throws Exception {
    PoolConfig config =
        PoolConfig.builder("fault:")
            .name("overflow")
            .minSize(1)
            .maxSize(1)
            .closeTimeout(Duration.ofMillis(100))
            .acquireTimeout(Duration.ofSeconds(60))
            .build();
    try (Pool pool = use.build(Everpool.builder(config).dataSource(driver())).open()) {
      use.play(pool, breaks); // its classes are there
      recurse(pool, use);
      assertThat(overflows).isPositive();
      use.end();
      assertThat(pool.snapshot().waiting()).as("in line").isZero();
      try (Connection next = pool.getConnection()) {
        assertThat(next.isClosed()).isFalse();
        assertThat(next.createStatement().execute("select 1")).isFalse();
      }
      // A lost one's close may still be under way on a worker when its successor is lent.
      Await.until(() -> open.size() <= 1, open);
    }
    Await.until(open::isEmpty, open);
  }
}
