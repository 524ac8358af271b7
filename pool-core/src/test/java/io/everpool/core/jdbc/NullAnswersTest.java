package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/**
 * An adapter answers null where it must say something. {@code PoisonMatrixTest} has it answer so
 * whatever it is asked in the life of a connection; these questions are asked of replicas.
 */
class NullAnswersTest {

  /** Has nothing to say. */
  private static final class Mute extends StubPhysical {
    @Override
    public Duration replicaLag(long timeoutNanos) {
      return null;
    }

    @Override
    public String position(long timeoutNanos) {
      return null;
    }
  }

  private final FakeLeaseManager leases =
      new FakeLeaseManager(FakeLeaseManager.settings().build(), new FakeConnector(), Mute::new);

  /** As from a driver that can't tell, and the connection is good. */
  @Test
  void nullIsNoAnswer() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(() -> face.replicaLag(1))
          .isInstanceOf(SQLFeatureNotSupportedException.class)
          .hasMessageContaining("null");
      assertThatThrownBy(() -> face.position(1))
          .isInstanceOf(SQLFeatureNotSupportedException.class)
          .hasMessageContaining("null");
    }
    assertThat(leases.closed).isEmpty();
    assertThat(leases.released).hasValue(1);
  }
}
