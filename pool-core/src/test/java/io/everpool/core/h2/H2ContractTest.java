package io.everpool.core.h2;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.contract.Ability;
import io.everpool.contract.ConnectorContract;
import io.everpool.contract.Database;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The contract, and a pool, over a driver that isn't PostgreSQL's. */
class H2ContractTest extends ConnectorContract {
  private static final String URL = "jdbc:h2:mem:contract";
  private static final String PASSWORD = "a-secret-of-h2";
  private static final String WRONG = "no-secret-of-h2";

  /** An in-memory database lives as long as somebody is there. */
  private static Connection keeper;

  @BeforeAll
  static void keep() throws SQLException {
    keeper = DriverManager.getConnection(URL, "sa", PASSWORD);
    try (Statement statement = keeper.createStatement()) {
      statement.execute("create table contract (x int)");
    }
  }

  @AfterAll
  static void letGo() throws SQLException {
    keeper.close();
  }

  private static Connector h2() {
    return new H2Connector(URL, "sa", PASSWORD);
  }

  private static @Nullable String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      return rows.next() ? rows.getString(1) : "no row";
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Override
  protected Database database() {
    return new Database() {
      @Override
      public Connector connector() {
        return h2();
      }

      @Override
      public Connector refused() {
        return new H2Connector(URL, "sa", WRONG);
      }

      /** It is in this process. */
      @Override
      public @Nullable Connector hanging() {
        return null;
      }

      @Override
      public String wrongPassword() {
        return WRONG;
      }

      @Override
      public Set<String> secrets() {
        return Set.of(PASSWORD, WRONG);
      }

      @Override
      public Set<Ability> abilities() {
        return Set.of(Ability.TRANSACTION_STATE);
      }

      @Override
      public String setting(String value) {
        return "set @tenant = '" + value + "'";
      }

      @Override
      public String settingQuery() {
        return "select @tenant";
      }

      @Override
      public String endless() {
        return "select count(*) from system_range(1, 1000000000) a, system_range(1, 1000000000) b";
      }

      @Override
      public boolean isAtWork(PhysicalConnection connection) throws SQLException {
        return !"0"
            .equals(
                ask(
                    keeper,
                    "select count(executing_statement) from information_schema.sessions"
                        + " where session_id = "
                        + ((H2Connection) connection).session()));
      }

      @Override
      public void endSession(PhysicalConnection connection) throws SQLException {
        execute(keeper, "call abort_session(" + ((H2Connection) connection).session() + ")");
      }
    };
  }

  // ---- a pool on it

  private static Pool pool() throws SQLException {
    PoolConfig config = PoolConfig.builder(URL).name("h2").minSize(1).maxSize(1).build();
    return Everpool.builder(config).connector(h2()).open();
  }

  @Test
  @Timeout(60)
  void aPoolLendsAndTheNextFindsNothingOfTheLast() throws SQLException {
    try (Pool pool = pool()) {
      String session;
      try (Connection connection = pool.getConnection()) {
        session = String.valueOf(ask(connection, "select session_id()"));
        execute(connection, "set @tenant = 'one'");
        execute(connection, "set lock_timeout 4321");
        assertThat(ask(connection, "select @tenant")).isEqualTo("one");
      }
      try (Connection connection = pool.getConnection()) {
        assertThat(ask(connection, "select session_id()")).isEqualTo(session);
        assertThat(ask(connection, "select @tenant")).isNull();
        assertThat(ask(connection, "select lock_timeout()"))
            .isEqualTo(ask(keeper, "select lock_timeout()"));
      }
    }
  }

  @Test
  @Timeout(60)
  void aPoolRerunsATransactionWhoseConnectionWasLost() throws SQLException {
    execute(keeper, "delete from contract");
    try (Pool pool = pool()) {
      AtomicInteger runs = new AtomicInteger();
      String seen =
          pool.<String, SQLException>inTransaction(
              connection -> {
                execute(connection, "insert into contract values (7)");
                if (runs.incrementAndGet() == 1) {
                  String session = ask(connection, "select session_id()");
                  execute(keeper, "call abort_session(" + session + ")");
                }
                return String.valueOf(ask(connection, "select count(*) from contract"));
              });
      assertThat(runs).hasValue(2);
      assertThat(seen).isEqualTo("1");
      assertThat(ask(keeper, "select count(*) from contract where x = 7")).isEqualTo("1");
    }
  }
}
