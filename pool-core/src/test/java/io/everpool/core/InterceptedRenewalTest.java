package io.everpool.core;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.core.jdbc.PooledConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connections that are lost again and again in an interceptor. */
@Timeout(120)
class InterceptedRenewalTest {
  private static final int ATTEMPTS = 3;

  private final AtomicInteger losses = new AtomicInteger();

  private Pool open(String name) throws SQLException {
    PoolConfig config = PoolConfig.builder("jdbc:h2:mem:" + name).minSize(1).maxSize(2).build();
    return Everpool.builder(config)
        .classifier(lost -> "ZZ999".equals(lost.getSQLState()) ? Verdict.CONNECTION_LOST : null)
        .interceptor(
            new LeaseInterceptor() {
              @Override
              public void acquired(Connection connection) throws SQLException {
                if (losses.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                  throw new SQLException("lost", "ZZ999");
                }
              }
            })
        .open();
  }

  /** Who looks a COMMIT up has time, and asks for another connection later. */
  @Test
  void whatCouldNotBeRenewedMayBeLater() throws Exception {
    try (Pool pool = open("renewed");
        Connection connection = pool.getConnection()) {
      PooledConnection face = requireNonNull(PooledConnection.behind(connection));
      face.letGo();
      losses.set(ATTEMPTS);

      assertThatThrownBy(() -> pool.unwrap(EverpoolPool.class).member().leases().renew(face))
          .hasMessage("lost");
      assertThat(losses).hasValue(0);
      pool.unwrap(EverpoolPool.class).member().leases().renew(face);

      assertThat(connection.isValid(1)).isTrue();
      assertThat(pool.snapshot().leased()).isEqualTo(1);
    }
  }

  @Test
  void whoeverBorrowsIsToldAfterSomeAttempts() throws Exception {
    try (Pool pool = open("borrowed")) {
      losses.set(ATTEMPTS);
      assertThatThrownBy(pool::getConnection).hasMessage("lost");
      losses.set(ATTEMPTS - 1);
      pool.getConnection().close();
      assertThat(pool.snapshot().leased()).isZero();
    }
  }
}
