package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.jdbc.Logged;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A driver that takes {@code setAutoCommit(false)} over a database without transactions: what was
 * sent is there for good, and isn't sent again.
 */
class WithoutTransactionsTest extends OverH2 {
  private static final String URL = "jdbc:h2:mem:without-transactions";
  private static final String LOSES = "select lost";

  private final DataSource h2 = h2(URL);

  WithoutTransactionsTest() {
    super(URL, "create table entry (run int)");
  }

  /** Drivers. */
  enum Kind {
    /** Warns, stays in autocommit, and says that there are none. */
    HIVE(true, "Apache Hive", false),
    /** Plays transactions. */
    CLICKHOUSE(true, "ClickHouse", true),
    /** Has them. */
    OTHER(false, "H2", true);

    private final boolean without;
    private final String product;
    private final boolean supports;

    Kind(boolean without, String product, boolean supports) {
      this.without = without;
      this.product = product;
      this.supports = supports;
    }
  }

  private int entries() throws SQLException {
    return Integer.parseInt(ask("select count(*) from entry"));
  }

  /** What a driver answers in another's place; the real one's answer where that is null. */
  private interface Answer {
    Object to(String method, Object[] args) throws Throwable;
  }

  private static <T> T around(Class<T> type, T real, Answer answer) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, args) -> {
              Object instead = answer.to(method.getName(), args);
              if (instead != null) {
                return instead == NOTHING ? null : instead;
              }
              try {
                return method.invoke(real, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  private static final Object NOTHING = new Object();

  private DataSource driver(Kind kind) {
    return around(
        DataSource.class,
        h2,
        (method, args) -> method.equals("getConnection") ? connection(kind) : null);
  }

  private Connection connection(Kind kind) throws SQLException {
    Connection real = h2.getConnection();
    AtomicBoolean autoCommit = new AtomicBoolean(true);
    return around(
        Connection.class,
        real,
        (method, args) ->
            switch (method) {
              case "getMetaData" -> metaData(kind, real.getMetaData());
              case "createStatement" -> statement(real);
              case "setAutoCommit" -> {
                autoCommit.set((Boolean) args[0]);
                yield kind.without ? NOTHING : null;
              }
              case "getAutoCommit" -> kind == Kind.HIVE || autoCommit.get();
              case "commit", "rollback" -> kind.without ? NOTHING : null;
              default -> null;
            });
  }

  private static DatabaseMetaData metaData(Kind kind, DatabaseMetaData real) {
    return around(
        DatabaseMetaData.class,
        real,
        (method, args) ->
            switch (method) {
              case "supportsTransactions" -> kind.supports;
              case "getDatabaseProductName" -> kind.product;
              default -> null;
            });
  }

  private static Statement statement(Connection connection) throws SQLException {
    return around(
        Statement.class,
        connection.createStatement(),
        (method, args) -> {
          if (method.equals("execute") && args[0].equals(LOSES)) {
            connection.close();
            throw new SQLNonTransientConnectionException("gone", "08006");
          }
          return null;
        });
  }

  /** Inserts, and loses its connection the first time. */
  private static int run(Pool pool, WorkOptions options, AtomicInteger runs) throws SQLException {
    return pool.inTransaction(
        options,
        connection -> {
          int run = runs.incrementAndGet();
          execute(connection, "insert into entry values (" + run + ")");
          if (run == 1) {
            execute(connection, LOSES);
          }
          return run;
        });
  }

  private Pool open(Kind kind) throws SQLException {
    PoolConfig config = PoolConfig.builder(URL).name("plain").minSize(1).maxSize(2).build();
    return Everpool.builder(config).dataSource(driver(kind)).open();
  }

  @ParameterizedTest
  @EnumSource
  void nothing_is_doubled(Kind kind) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = open(kind)) {
      if (kind.without) {
        assertThatThrownBy(() -> run(pool, WorkOptions.DEFAULT, runs))
            .isInstanceOf(SQLException.class)
            .hasStackTraceContaining("gone");
      } else {
        assertThat(run(pool, WorkOptions.DEFAULT, runs)).isEqualTo(2);
      }
    }
    assertThat(runs).hasValue(kind.without ? 1 : 2);
    assertThat(entries()).isOne();
  }

  /** Its caller has said that to do it twice is to do it once. */
  @ParameterizedTest
  @EnumSource
  void what_is_idempotent_is_run_again(Kind kind) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = open(kind)) {
      assertThat(run(pool, WorkOptions.IDEMPOTENT, runs)).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void it_is_told_once(Kind kind) throws SQLException {
    try (Logged logged = new Logged();
        Pool pool = open(kind);
        Connection one = pool.getConnection();
        Connection two = pool.getConnection()) {
      assertThat(one).isNotSameAs(two);
      assertThat(logged.messages(Level.WARN))
          .filteredOn(line -> line.contains("has no transactions"))
          .hasSize(kind.without ? 1 : 0);
    }
  }
}
