package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.ConnectionInitializer;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A DataSource whose connections begin without autocommit, as with MariaDB's {@code
 * autocommit=false}: they stay so, whatever sets them up.
 */
class WithoutAutocommitTest {
  private static final String URL = "jdbc:h2:mem:without-autocommit";
  private static final String WRITES = "insert into entry values ('set up')";

  private final JdbcDataSource keepers = new JdbcDataSource();
  private Connection keeper;

  @BeforeEach
  void table() throws SQLException {
    keepers.setURL(URL);
    keeper = keepers.getConnection();
    execute(keeper, "create table entry (what varchar)");
  }

  @AfterEach
  void nothing() throws SQLException {
    keeper.close(); // with its last connection the database is gone
  }

  /** The driver's. */
  private DataSource manual() {
    return (DataSource)
        Proxy.newProxyInstance(
            WithoutAutocommitTest.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (self, method, args) -> {
              Connection connection = keepers.getConnection();
              connection.setAutoCommit(false);
              return connection;
            });
  }

  enum SetUp {
    NONE(0, null, null),
    SQL(1, WRITES, null),
    SQL_THAT_TURNS_IT_ON(0, "set autocommit true", null),
    CODE(1, null, connection -> execute(connection, WRITES)),
    CODE_THAT_TURNS_IT_ON(
        1,
        null,
        connection -> {
          connection.setAutoCommit(true);
          execute(connection, WRITES);
        }),
    BOTH(1, WRITES, connection -> connection.setAutoCommit(true));

    private final int written;
    private final @Nullable String sql;
    private final @Nullable ConnectionInitializer code;

    SetUp(int written, @Nullable String sql, @Nullable ConnectionInitializer code) {
      this.written = written;
      this.sql = sql;
      this.code = code;
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private int entries() throws SQLException {
    try (Statement statement = keeper.createStatement();
        ResultSet rows = statement.executeQuery("select count(*) from entry")) {
      rows.next();
      return rows.getInt(1);
    }
  }

  private Pool open(SetUp setUp) throws SQLException {
    PoolConfig config =
        PoolConfig.builder(URL).minSize(1).maxSize(1).connectionInitSql(setUp.sql).build();
    Everpool.Builder builder = Everpool.builder(config).dataSource(manual());
    if (setUp.code != null) {
      builder.initializer(setUp.code);
    }
    return builder.open();
  }

  @ParameterizedTest
  @EnumSource
  void nothing_is_committed_but_what_sets_it_up(SetUp setUp) throws SQLException {
    try (Pool pool = open(setUp)) {
      assertThat(entries()).isEqualTo(setUp.written);
      for (int i = 0; i < 2; i++) {
        try (Connection connection = pool.getConnection()) {
          assertThat(connection.getAutoCommit()).isFalse();
          execute(connection, "insert into entry values ('not committed')");
        }
        assertThat(entries()).isEqualTo(setUp.written);
        try (Connection connection = pool.getConnection()) {
          connection.setAutoCommit(true); // for this lease
        }
      }
      assertThat(pool.snapshot().opened()).as("connections").isEqualTo(1);
    }
  }
}
