package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A program that drops its connection without closing it once that is lost, as EclipseLink does
 * with exclusive connections: its slot is free, and the next caller gets another connection.
 */
@Timeout(120)
class DroppedAfterLossIT {

  /** What meets the loss. */
  enum Call {
    QUERY(c -> Db.ask(c, "select 1")),
    WRITE(c -> execute(c, "create table if not exists dropped_after_loss (n int)")),
    PREPARE(c -> c.prepareStatement("select 1").executeQuery()),
    SCHEMA(c -> c.setSchema("public")),
    META_DATA(c -> c.getMetaData().getTables(null, null, "dropped", null)),
    IN_TRANSACTION(
        c -> {
          c.setAutoCommit(false);
          execute(c, "select 1");
        });

    private final Use use;

    Call(Use use) {
      this.use = use;
    }
  }

  private interface Use {
    void of(Connection connection) throws SQLException;
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void lose(Pool pool, Connection connection, Use use) throws SQLException {
    Db.server().terminate(Db.pid(connection));
    Db.awaitSessions(pool, 0);
    assertThat(catchThrowable(() -> use.of(connection))).isInstanceOf(SQLException.class);
  }

  @ParameterizedTest
  @EnumSource(Call.class)
  void itsSlotIsFree(Call call) throws SQLException {
    try (Pool pool = Everpool.open(Db.config("dropped").minSize(0).maxSize(1).build())) {
      Connection dropped = pool.getConnection();
      lose(pool, dropped, call.use);
      try (Connection next = pool.getConnection()) {
        assertThat(Db.ask(next, "select 1")).isEqualTo("1");
        dropped.close();
        assertThat(Db.ask(next, "select 1")).isEqualTo("1");
      }
      Db.awaitIdle(pool, 1);
      Db.awaitClosed(pool, CloseReason.FAILED, 1);
    }
  }

  /** {@code if (!connection.isValid(2)) connection = pool.getConnection();} */
  @Test
  void itsSlotIsFreeIfItIsNoLongerValid() throws SQLException {
    try (Pool pool = Everpool.open(Db.config("dropped").minSize(0).maxSize(1).build())) {
      Connection dropped = pool.getConnection();
      Db.server().terminate(Db.pid(dropped));
      Db.awaitSessions(pool, 0);
      assertThat(dropped.isValid(2)).isFalse();
      try (Connection next = pool.getConnection()) {
        assertThat(Db.ask(next, "select 1")).isEqualTo("1");
      }
      Db.awaitClosed(pool, CloseReason.FAILED, 1);
    }
  }

  /** The COMMIT itself meets the loss. */
  @ParameterizedTest
  @EnumSource(
      value = Call.class,
      names = {"QUERY", "WRITE"})
  void itsSlotIsFreeAfterALostCommit(Call call) throws SQLException {
    try (Pool pool = Everpool.open(Db.config("dropped").minSize(0).maxSize(1).build())) {
      Connection dropped = pool.getConnection();
      dropped.setAutoCommit(false);
      call.use.of(dropped);
      lose(pool, dropped, Connection::commit);
      try (Connection next = pool.getConnection()) {
        assertThat(Db.ask(next, "select 1")).isEqualTo("1");
      }
      Db.awaitClosed(pool, CloseReason.FAILED, 1);
    }
  }
}
