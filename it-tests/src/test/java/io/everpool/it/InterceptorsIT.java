package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who works on a connection when it is lent and when it goes back. */
@Timeout(120)
class InterceptorsIT {
  private static final ThreadLocal<String> TENANT = ThreadLocal.withInitial(() -> "nobody");

  private final List<String> heard = new CopyOnWriteArrayList<>();

  private static PoolConfig.Builder config() {
    return Db.config("interceptors").minSize(1).maxSize(1);
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String tenant(Connection connection) throws SQLException {
    return Db.ask(connection, "select current_setting('app.tenant', true)");
  }

  /** What row-level security goes by. */
  private static final class Tenants implements LeaseInterceptor {
    @Override
    public void acquired(Connection connection) throws SQLException {
      execute(connection, "set app.tenant = '" + TENANT.get() + "'");
    }
  }

  private final class Listener implements LeaseInterceptor {
    private final String name;

    Listener(String name) {
      this.name = name;
    }

    @Override
    public void acquired(Connection connection) throws SQLException {
      heard.add(name + " lends " + Db.ask(connection, "select 1"));
    }

    @Override
    public void returning(Connection connection) throws SQLException {
      heard.add(name + " returns " + Db.ask(connection, "select 2"));
    }
  }

  /** On the same session, with the borrower's own settings cleared between them as well. */
  @Test
  void eachBorrowerHasHisOwnTenant() throws SQLException {
    try (Pool pool = Everpool.builder(config().build()).interceptor(new Tenants()).open()) {
      String pid = null;
      for (String name : List.of("alice", "bob", "carol")) {
        TENANT.set(name);
        try (Connection connection = pool.getConnection()) {
          assertThat(tenant(connection)).isEqualTo(name);
          String session = Db.ask(connection, "select pg_backend_pid()");
          assertThat(pid == null || pid.equals(session)).isTrue();
          pid = session;
          assertThat(Db.ask(connection, "show work_mem")).isNotEqualTo("77kB");
          execute(connection, "set work_mem = '77kB'");
          execute(connection, "set app.tenant = 'mallory'");
        }
      }
    }
  }

  @Test
  void theyComeInOrderAndGoInTheOtherEachOnce() throws SQLException {
    try (Pool pool =
        Everpool.builder(config().build())
            .interceptor(new Listener("a"))
            .interceptor(new Listener("b"))
            .open()) {
      assertThat(heard).as("the pool's own use, to see that it can be opened").isEmpty();
      Connection connection = pool.getConnection();
      heard.add("used");
      connection.close();
      connection.close();
      assertThat(heard)
          .containsExactly("a lends 1", "b lends 1", "used", "b returns 2", "a returns 2");
    }
  }

  /** Units are run again with the tenant in its place, and not refused for the sake of it. */
  @Test
  void aUnitIsRunAgainOnAnotherSessionWithTheSameTenant() throws SQLException {
    try (Pool pool =
        Everpool.builder(config().build())
            .interceptor(new Tenants())
            .interceptor(new Listener("a"))
            .open()) {
      TENANT.set("alice");
      AtomicInteger runs = new AtomicInteger();
      String seen =
          pool.inTransaction(
              WorkOptions.DEFAULT,
              connection -> {
                assertThat(tenant(connection)).isEqualTo("alice");
                if (runs.incrementAndGet() == 1) {
                  Db.server().terminate(Db.pid(connection));
                }
                return tenant(connection);
              });
      assertThat(seen).isEqualTo("alice");
      assertThat(runs).hasValue(2);
      assertThat(heard).containsExactly("a lends 1", "a lends 1", "a returns 2");
    }
  }

  /** What the borrower himself has set before a unit is missing on another session, as ever. */
  @Test
  void whatTheBorrowerHasSetIsNotForgottenBesideIt() throws SQLException {
    try (Pool pool = Everpool.builder(config().build()).interceptor(new Tenants()).open();
        Connection connection = pool.getConnection()) {
      execute(connection, "set work_mem = '77kB'");
      assertThatThrownBy(
              () ->
                  UnitRerunner.of(pool)
                      .<Boolean, SQLException>rerun(
                          connection,
                          WorkOptions.IDEMPOTENT,
                          same -> {
                            Db.server().terminate(Db.pid(same));
                            return tenant(same).isEmpty();
                          }))
          .isInstanceOf(SQLException.class);
    }
  }

  /** A connection that dies just then is another's trouble. */
  @Test
  void aConnectionThatIsLostInAnInterceptorIsReplaced() throws SQLException {
    AtomicBoolean kills = new AtomicBoolean();
    LeaseInterceptor killer =
        new LeaseInterceptor() {
          @Override
          public void acquired(Connection connection) throws SQLException {
            if (kills.getAndSet(false)) {
              Db.server().terminate(Db.pid(connection));
            }
            Db.ask(connection, "select 1");
          }
        };
    try (Pool pool = Everpool.builder(config().build()).interceptor(killer).open()) {
      kills.set(true);
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "select 1")).isEqualTo("1");
      }
    }
  }

  /** What an interceptor may throw. */
  private enum Thrown {
    SQL {
      @Override
      void take() throws SQLException {
        throw new SQLException("mine", "22001");
      }
    },
    LOSS {
      @Override
      void take() throws SQLException {
        throw new SQLException("mine", "08006");
      }
    },
    UNCHECKED {
      @Override
      void take() {
        throw new IllegalStateException("mine");
      }
    },
    ERROR {
      @Override
      void take() {
        throw new StackOverflowError("mine");
      }
    };

    abstract void take() throws SQLException;
  }

  @ParameterizedTest
  @EnumSource(Thrown.class)
  void whatItThrowsAtFirstIsTheBorrowersAndTheConnectionGoesBack(Thrown thrown)
      throws SQLException {
    AtomicBoolean fails = new AtomicBoolean();
    LeaseInterceptor failing =
        new LeaseInterceptor() {
          @Override
          public void acquired(Connection connection) throws SQLException {
            execute(connection, "set app.tenant = 'left'");
            if (fails.get()) {
              thrown.take();
            }
          }
        };
    try (Pool pool =
        Everpool.builder(config().build())
            .interceptor(new Listener("a"))
            .interceptor(failing)
            .interceptor(new Listener("b"))
            .open()) {
      fails.set(true);
      assertThatThrownBy(pool::getConnection).hasMessage("mine");
      int tries = thrown == Thrown.LOSS ? 3 : 1;
      assertThat(heard).hasSize(2 * tries).endsWith("a lends 1", "a returns 2");
      assertThat(pool.snapshot().leased()).isZero();
      fails.set(false);
      heard.clear();
      try (Connection connection = pool.getConnection()) {
        assertThat(tenant(connection)).isEqualTo("left");
        assertThat(heard).containsExactly("a lends 1", "b lends 1");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Thrown.class)
  void whatItThrowsAtLastIsLoggedAndTheConnectionGoesBackClean(Thrown thrown) throws SQLException {
    LeaseInterceptor failing =
        new LeaseInterceptor() {
          @Override
          public void returning(Connection connection) throws SQLException {
            execute(connection, "set app.tenant = 'left'");
            thrown.take();
          }
        };
    try (LogCapture log = LogCapture.open();
        Pool pool =
            Everpool.builder(config().build())
                .interceptor(new Listener("a"))
                .interceptor(failing)
                .open()) {
      for (int i = 0; i < 2; i++) {
        try (Connection connection = pool.getConnection()) {
          assertThat(tenant(connection)).isNotEqualTo("left");
        }
      }
      assertThat(heard).containsExactly("a lends 1", "a returns 2", "a lends 1", "a returns 2");
      assertThat(log.text()).contains("A lease interceptor failed at the return");
      Await.until(Db.LIMIT, () -> pool.snapshot().leased() == 0, "no lease is out");
      assertThat(pool.snapshot().opened()).isEqualTo(1);
    }
  }
}
