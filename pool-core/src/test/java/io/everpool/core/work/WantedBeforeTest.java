package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.WorkOptions;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A framework sets up its connection for a transaction, and then begins the unit. Where the
 * connection died before that, the setters would fail with nobody around to run anything again.
 */
class WantedBeforeTest extends RunnerFixture {

  @Test
  void whatWasWantedOfADeadConnectionIsHadByTheNext() throws SQLException {
    List<String> had = new ArrayList<>();
    try (PooledConnection face = leases.acquire()) {
      FakeLeaseManager.physical(face).breakOff();
      face.setReadOnly(true);
      face.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      runner.rerun(
          face,
          WorkOptions.DEFAULT,
          connection -> {
            connection.setAutoCommit(false);
            Connection jdbc = FakeLeaseManager.physical(face).jdbc();
            had.add(jdbc.isReadOnly() + " " + jdbc.getTransactionIsolation());
            execute(connection, "select 1");
            connection.commit();
            return "";
          });
      assertThat(number(face)).isEqualTo(2);
    }
    assertThat(had).containsExactly("true " + Connection.TRANSACTION_SERIALIZABLE);
    try (PooledConnection face = leases.acquire()) {
      assertThat(face.isReadOnly()).isFalse();
      assertThat(face.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_NONE);
    }
  }
}
