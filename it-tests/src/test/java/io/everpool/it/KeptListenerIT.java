package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGNotification;
import org.postgresql.jdbc.PgConnection;

/**
 * A program that keeps only the driver's own object, as those that listen for notifications do
 * (Spring Integration's channel by LISTEN): when that is over, its slot is free.
 */
@Timeout(120)
class KeptListenerIT {

  /** How the driver's own object ends, and what its program sees of that. */
  enum End {
    FOUND_BY_NOTIFICATIONS {
      @Override
      void of(PgConnection own, int pid) {
        Db.server().terminate(pid);
        fails(() -> Await.until(Db.LIMIT, () -> readsNothing(own), "never"));
      }
    },
    FOUND_WHILE_WAITING_FOR_NOTIFICATIONS {
      @Override
      void of(PgConnection own, int pid) {
        Db.server().terminate(pid);
        fails(() -> own.getNotifications(60_000));
      }
    },
    FOUND_BY_A_STATEMENT {
      @Override
      void of(PgConnection own, int pid) {
        Db.server().terminate(pid);
        fails(() -> execute(own, "listen other"));
      }
    },
    CLOSED_BY_THE_PROGRAM {
      @Override
      void of(PgConnection own, int pid) throws SQLException {
        own.close();
      }
    },
    ABORTED_BY_THE_PROGRAM {
      @Override
      void of(PgConnection own, int pid) throws SQLException {
        own.abort(Runnable::run);
      }
    };

    abstract void of(PgConnection own, int pid) throws SQLException;
  }

  private interface Call {
    void run() throws SQLException;
  }

  private static void fails(Call call) {
    assertThat(catchThrowable(call::run)).isNotNull();
  }

  /** Reads what has come, and throws once that is the end. */
  private static boolean readsNothing(PgConnection own) {
    try {
      own.getNotifications();
      return false;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static PgConnection listen(Pool pool) throws SQLException {
    PgConnection own = pool.getConnection().unwrap(PgConnection.class);
    execute(own, "listen kept");
    return own;
  }

  private static Pool open(Duration interval) throws SQLException {
    return Everpool.open(
        Db.config("kept").minSize(0).maxSize(1).healthCheckInterval(interval).build());
  }

  /** Though nobody examines anything for an hour: whoever needs the slot doesn't wait for that. */
  @ParameterizedTest
  @EnumSource(End.class)
  void the_next_caller_gets_its_slot(End end) throws SQLException {
    try (Pool pool = open(Duration.ofHours(1))) {
      for (int i = 0; i < 2; i++) {
        PgConnection own = listen(pool);
        end.of(own, own.getBackendPID());
      }
      try (Connection next = pool.getConnection()) {
        assertThat(Db.ask(next, "select 1")).isEqualTo("1");
      }
      Db.awaitClosed(pool, CloseReason.FAILED, 2);
    }
  }

  @ParameterizedTest
  @EnumSource(End.class)
  void its_slot_is_free_after_the_next_health_check(End end) throws SQLException {
    try (Pool pool = open(Duration.ofSeconds(1))) {
      Connection face = pool.getConnection();
      PgConnection own = face.unwrap(PgConnection.class);
      execute(own, "listen kept");
      end.of(own, own.getBackendPID());
      Await.until(Db.LIMIT, () -> pool.snapshot().leased() == 0, "the end of the lease");
      try (Connection next = pool.getConnection()) {
        face.close();
        assertThat(Db.ask(next, "select 1")).isEqualTo("1");
      }
      Db.awaitClosed(pool, CloseReason.FAILED, 1);
    }
  }

  /** A listener that is well is left in peace, while it waits and while it doesn't. */
  @Test
  void who_listens_goes_on_listening() throws SQLException {
    try (Pool pool =
        Everpool.open(
            Db.config("kept")
                .minSize(0)
                .maxSize(2)
                .healthCheckInterval(Duration.ofSeconds(1))
                .build())) {
      PgConnection own = listen(pool);
      PGNotification[] none = own.getNotifications(2_500); // two checks come meanwhile
      assertThat(none).isNullOrEmpty();
      try (Connection other = pool.getConnection()) {
        execute(other, "notify kept, 'now'");
      }
      PGNotification[] heard = own.getNotifications(60_000);
      assertThat(heard).extracting(PGNotification::getParameter).containsExactly("now");
      assertThat(pool.snapshot().leased()).isEqualTo(1);
      own.close();
    }
  }
}
