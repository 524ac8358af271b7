package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.ResetMode;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * With {@code autosave} and {@code cleanupSavepoints} the driver reads the answer to the last
 * RELEASE together with that to its next statement: a connection that comes back before that is
 * rolled back as any other.
 */
@Timeout(120)
class AutosaveIT {

  /** What a borrower forgets to end. */
  private static void leaveOpen(Connection connection, boolean bySql) throws SQLException {
    if (bySql) {
      BorrowersIT.execute(connection, "begin");
    } else {
      connection.setAutoCommit(false);
    }
    BorrowersIT.execute(connection, "insert into left_open values (1)");
    assertThat(Db.ask(connection, "select count(*) from left_open")).isEqualTo("1");
  }

  @ParameterizedTest
  @CsvSource({"always, false", "always, true", "conservative, false", "conservative, true"})
  void aTransactionThatWasLeftOpenIsRolledBack(String autosave, boolean bySql) throws SQLException {
    Map<String, String> properties = Map.of("autosave", autosave, "cleanupSavepoints", "true");
    for (ResetMode reset : ResetMode.values()) {
      try (Pool pool = BorrowersIT.pool(reset, properties)) {
        int pid;
        try (Connection connection = pool.getConnection()) {
          BorrowersIT.execute(connection, "create table if not exists left_open (i int)");
          pid = Db.pid(connection);
        }
        for (int i = 0; i < 3; i++) {
          try (Connection connection = pool.getConnection()) {
            assertThat(Db.pid(connection)).isEqualTo(pid);
            leaveOpen(connection, bySql);
          }
          try (Connection connection = pool.getConnection()) {
            assertThat(Db.pid(connection)).as("%s", reset).isEqualTo(pid);
            assertThat(connection.getAutoCommit()).isTrue();
            assertThat(Db.ask(connection, "select count(*) from left_open")).isEqualTo("0");
            assertThat(Db.ask(connection, "select 'alice'")).isEqualTo("alice");
          }
        }
        try (Connection connection = pool.getConnection()) {
          BorrowersIT.execute(connection, "drop table left_open");
        }
      }
    }
  }
}
