package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

/** O4: {@code max-queries = 50000}; a connection that has run as many is replaced at its return. */
class O04MaxQueriesIT {

  private static Pool poolOfOne(PoolConfig.Builder config) throws SQLException {
    return Everpool.open(config.minSize(1).maxSize(1).build());
  }

  private static long recycled(Pool pool) {
    return pool.snapshot().closed().getOrDefault(CloseReason.MAX_QUERIES, 0L);
  }

  private static void execute(Connection connection, int times) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("select 1")) {
      for (int i = 0; i < times; i++) {
        statement.execute();
      }
    }
  }

  /** The session behind the pool's only connection, seen without a query through the pool. */
  private static int session(Pool pool) {
    Db.awaitIdle(pool, 1);
    Db.awaitSessions(pool, 1); // one that was recycled is still to be seen for a moment
    return Db.pids(pool).get(0);
  }

  /** The default, to the query. */
  @Test
  void afterFiftyThousandQueriesAndNotBefore() throws SQLException {
    try (Pool pool = poolOfOne(Db.config("o4-default"))) {
      assertThat(pool.config().maxQueries()).isEqualTo(50_000);
      int first = session(pool);
      try (Connection connection = pool.getConnection()) {
        execute(connection, 49_999);
      }
      assertThat(session(pool)).isEqualTo(first);
      try (Connection connection = pool.getConnection()) {
        execute(connection, 1);
      }
      Await.until(Db.LIMIT, () -> recycled(pool) == 1, "the connection to be recycled");
      assertThat(session(pool)).isNotEqualTo(first);
      assertThat(pool.snapshot().opened()).isEqualTo(2);
    }
  }

  /** In the middle of somebody's work is no time to change the connection. */
  @Test
  void theLimitIsLookedAtWhenTheConnectionComesBack() throws SQLException {
    try (Pool pool = poolOfOne(Db.config("o4-return").maxQueries(10))) {
      try (Connection connection = pool.getConnection()) {
        int first = Db.pid(connection);
        execute(connection, 30);
        assertThat(Db.pid(connection)).isEqualTo(first);
        assertThat(recycled(pool)).isZero();
      }
      Await.until(Db.LIMIT, () -> recycled(pool) == 1, "the connection to be recycled");
    }
  }

  /** Ten executions of every kind: a batch is one, whatever its length. */
  @Test
  void everyKindOfExecutionIsOneAndABatchIsOne() throws SQLException {
    try (Pool pool = poolOfOne(Db.config("o4-kinds").maxQueries(10))) {
      int first = session(pool);
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute("create temporary table t (x int)");
        statement.executeUpdate("insert into t values (1)");
        statement.executeQuery("select x from t").close();
        statement.executeLargeUpdate("insert into t values (2)");
        for (int i = 0; i < 50; i++) {
          statement.addBatch("insert into t values (3)");
        }
        statement.executeBatch();
        try (PreparedStatement prepared = connection.prepareStatement("insert into t values (?)")) {
          prepared.setInt(1, 4);
          prepared.executeUpdate();
          prepared.execute();
          for (int i = 0; i < 50; i++) {
            prepared.setInt(1, i);
            prepared.addBatch();
          }
          prepared.executeBatch();
        }
        // making a statement and describing a database are no executions of the application's
        connection.prepareStatement("select 1").close();
        connection.getMetaData().getDatabaseProductName();
        statement.execute("drop table t");
      }
      assertThat(recycled(pool)).isZero();
      assertThat(session(pool)).isEqualTo(first);
      try (Connection connection = pool.getConnection()) {
        execute(connection, 1);
      }
      Await.until(Db.LIMIT, () -> recycled(pool) == 1, "the connection to be recycled");
    }
  }

  @Test
  void withoutALimitNothingIsRecycled() throws SQLException {
    try (Pool pool = poolOfOne(Db.config("o4-off").maxQueries(0))) {
      int first = session(pool);
      try (Connection connection = pool.getConnection()) {
        execute(connection, 1_000);
      }
      assertThat(session(pool)).isEqualTo(first);
      assertThat(recycled(pool)).isZero();
    }
  }
}
