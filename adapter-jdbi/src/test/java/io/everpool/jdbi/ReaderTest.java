package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkDeadlineException;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import java.sql.SQLException;
import java.time.Duration;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.sqlobject.SqlObject;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.transaction.Transaction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A Jdbi that only reads, on a real server and pool. SqlObject's transactions turn read-only off
 * there, and on again afterwards.
 */
@Tag("contract")
class ReaderTest {
  private static PostgresServer server;
  private static Pool pool;
  private static Jdbi jdbi;

  /** Transactions of both kinds. */
  public interface Sleepers extends SqlObject {
    @Transaction
    default void sleep() {
      getHandle().execute("select pg_sleep(600)");
    }

    @Transaction
    default int oneByOneThatMayWrite() {
      return oneThatMayWrite();
    }

    @Transaction
    @SqlQuery("select 1")
    int oneThatMayWrite();

    @Transaction(readOnly = true)
    default int oneByAnother() {
      return one();
    }

    @Transaction(readOnly = true)
    @SqlQuery("select 1")
    int one();
  }

  @BeforeAll
  static void open() throws SQLException {
    server = PostgresServer.start();
    pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).maxSize(1).build());
    jdbi = reader(Duration.ofSeconds(1));
  }

  private static Jdbi reader(Duration deadline) {
    return EverpoolJdbi.reader(pool)
        .installPlugin(new SqlObjectPlugin())
        .configure(UnitOptions.class, options -> options.setDeadline(deadline));
  }

  @AfterAll
  static void close() {
    pool.close();
    server.close();
  }

  @AfterEach
  void nothingIsOut() {
    Await.until(Duration.ofSeconds(60), () -> pool.snapshot().leased() == 0, "no lease to be out");
  }

  /** The connection is closed by then, and can't be set read-only. */
  @Test
  void theDeadlineOfATransactionIsSaid() {
    assertThatThrownBy(() -> jdbi.onDemand(Sleepers.class).sleep())
        .isInstanceOf(ConnectionException.class)
        .hasStackTraceContaining(WorkDeadlineException.class.getName());
  }

  @Test
  void theDeadlineOfATransactionOnAnOpenHandleIsSaid() {
    try (Handle handle = jdbi.open()) {
      handle.setReadOnly(true);
      assertThatThrownBy(() -> handle.attach(Sleepers.class).sleep())
          .isInstanceOf(ConnectionException.class)
          .hasStackTraceContaining(WorkDeadlineException.class.getName());
    }
  }

  /** Jdbi refuses a transaction that may write within one that must not. */
  @Test
  void transactionsCallOneAnotherIfTheySayThatTheyOnlyRead() {
    Sleepers sleepers = reader(Duration.ofMinutes(1)).onDemand(Sleepers.class);
    assertThat(sleepers.oneByAnother()).isEqualTo(1);
    assertThat(sleepers.oneThatMayWrite()).isEqualTo(1);
    assertThatThrownBy(sleepers::oneByOneThatMayWrite).hasMessageContaining("readOnly=false");
  }
}
