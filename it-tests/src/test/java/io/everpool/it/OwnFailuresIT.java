package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.util.PGobject;

/**
 * What a unit of work has brought about itself is its own failure, though pgjdbc gives it the
 * SQLState of a lost connection: it runs once, and the others keep their connections.
 */
@Timeout(120)
class OwnFailuresIT {

  /** Made of a value that it doesn't know. */
  public static class Mood extends PGobject {
    private static final long serialVersionUID = 1L;

    @Override
    public void setValue(@Nullable String value) {
      throw new IllegalArgumentException("No enum constant Mood." + value);
    }
  }

  private static Pool pool(String name) throws SQLException {
    return Everpool.open(
        Db.config(name)
            .properties(
                Map.of(
                    "ApplicationName",
                    name,
                    "maxResultBuffer",
                    "1M",
                    "datatype.own_mood",
                    Mood.class.getName()))
            .minSize(3)
            .maxSize(3)
            .healthCheckInterval(Duration.ofHours(1))
            .build());
  }

  private static void mood(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select row('calm')::own_mood")) {
      row.next();
      row.getObject(1);
    }
  }

  @Test
  void aValueThatItsClassCannotTakeCostsNoConnection() throws SQLException {
    Db.server().execute("drop type if exists own_mood");
    Db.server().execute("create type own_mood as (name text)");
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = pool("own-mood")) {
      Db.awaitIdle(pool, 3);
      for (int i = 0; i < 10; i++) {
        Throwable failure =
            catchThrowable(
                () ->
                    pool.useTransaction(
                        connection -> {
                          runs.incrementAndGet();
                          mood(connection);
                        }));
        assertThat(failure).hasMessageContaining("own_mood");
      }
      assertThat(runs).hasValue(10);
      assertThat(pool.snapshot().opened()).isEqualTo(3);
    }
  }

  /** It costs the connection that it ends, and no other. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "select repeat('x', 1000) from generate_series(1, 5000)",
        "set client_encoding = 'LATIN1'",
        "set datestyle = 'SQL, DMY'"
      })
  void aConnectionThatAUnitEndsIsTheOnlyOne(String sql) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = pool("own-end")) {
      Db.awaitIdle(pool, 3);
      for (int i = 1; i <= 2; i++) {
        Throwable failure =
            catchThrowable(
                () ->
                    pool.use(
                        connection -> {
                          runs.incrementAndGet();
                          try (Statement statement = connection.createStatement()) {
                            statement.execute(sql);
                          }
                        }));
        assertThat(failure).isInstanceOf(SQLException.class);
        assertThat(runs).hasValue(i);
        int opened = 3 + i;
        Await.until(
            Db.LIMIT,
            () -> pool.snapshot().opened() >= opened && pool.snapshot().idle() == 3,
            () -> "one in its place: " + pool.snapshot());
        assertThat(pool.snapshot().opened()).isEqualTo(opened);
      }
    }
  }
}
