package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolSnapshot;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.postgresql.util.PGobject;

/** A migration changes the database under sessions that remember how it was. */
class StaleSessionsIT {

  /** The driver goes by the number of a type that is gone, on every connection that has used it. */
  @Test
  void aTypeMadeAnewReplacesTheConnectionsThatKnewTheOldOne() throws SQLException {
    Db.server().execute("drop type if exists stale_mood");
    Db.server().execute("create type stale_mood as enum ('calm')");
    try (Pool pool = Everpool.open(Db.config("stale-type").minSize(3).maxSize(3).build())) {
      List<Connection> held = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        held.add(pool.getConnection());
        assertThat(mood(held.get(i), "calm")).isEqualTo("calm");
      }
      for (Connection connection : held) {
        connection.close();
      }
      Db.server().execute("drop type stale_mood");
      Db.server().execute("create type stale_mood as enum ('brave')");

      try (Connection connection = pool.getConnection()) {
        assertThatThrownBy(() -> mood(connection, "brave"))
            .hasMessageContaining("cache lookup failed for type");
      }
      Await.until(
          Db.LIMIT,
          () -> closed(pool.snapshot()) == 3 && pool.snapshot().idle() == 3,
          () -> "the three are replaced: " + pool.snapshot());
      for (int i = 0; i < 3; i++) {
        held.set(i, pool.getConnection());
        assertThat(mood(held.get(i), "brave")).isEqualTo("brave");
      }
      for (Connection connection : held) {
        connection.close();
      }
      assertThat(pool.snapshot().opened()).isEqualTo(6);
    }
  }

  private static long closed(PoolSnapshot snapshot) {
    return snapshot.closed().getOrDefault(CloseReason.FAILED, 0L)
        + snapshot.closed().getOrDefault(CloseReason.FENCED, 0L);
  }

  private static String mood(Connection connection, String value) throws SQLException {
    PGobject mood = new PGobject();
    mood.setType("stale_mood");
    mood.setValue(value);
    try (PreparedStatement statement = connection.prepareStatement("select ?::text")) {
      statement.setObject(1, mood);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getString(1);
      }
    }
  }

  /** The connection is as good as before, once the transaction is rolled back. */
  @Test
  void aPlanThatDoesNotFitAnyMoreDoomsNothing() throws SQLException {
    Db.server().execute("drop table if exists stale_plan");
    Db.server().execute("create table stale_plan (a int)");
    Db.server().execute("grant all on stale_plan to public");
    try (Pool pool =
        Everpool.open(
            Db.config("stale-plan")
                .minSize(1)
                .maxSize(1)
                .healthCheckInterval(Duration.ofHours(1))
                .build())) {
      try (Connection connection = pool.getConnection()) {
        for (int i = 0; i < 10; i++) {
          columns(connection);
        }
      }
      Db.server().execute("alter table stale_plan add b int");
      try (Connection connection = pool.getConnection()) {
        connection.setAutoCommit(false);
        assertThatThrownBy(() -> columns(connection)).hasMessageContaining("cached plan");
        connection.rollback();
        assertThat(columns(connection)).isEqualTo(2);
        connection.commit();
      }
      pool.getConnection().close();
      assertThat(pool.snapshot().opened()).isEqualTo(1);
    }
  }

  private static int columns(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("select * from stale_plan");
        ResultSet row = statement.executeQuery()) {
      return row.getMetaData().getColumnCount();
    }
  }
}
