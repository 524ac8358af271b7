package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.PostgresServer;
import java.sql.SQLException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.jdbi.v3.sqlobject.SqlObject;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.transaction.Transaction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A COMMIT whose answer is lost, of a transaction that is found committed and has set in its
 * session what no other has: the connection ends with it. Jdbi sets back afterwards what it had
 * set, and a failure of that would be taken for the transaction's.
 */
@Tag("contract")
class LostInCommitTest {
  private static PostgresServer server;
  private static FaultProxy proxy;
  private static Pool pool;
  private static Jdbi jdbi;

  private final Payments payments = jdbi.onDemand(Payments.class);

  /** Transactions of every kind. */
  public interface Payments extends SqlObject {
    @Transaction
    default int pay() {
      return LostInCommitTest.pay(getHandle());
    }

    @Transaction(TransactionIsolationLevel.SERIALIZABLE)
    default int paySerially() {
      return LostInCommitTest.pay(getHandle());
    }
  }

  @BeforeAll
  static void open() throws SQLException {
    server = PostgresServer.start();
    proxy = FaultProxy.before(server);
    pool =
        Everpool.open(
            PoolConfig.builder(server.libpqUrl(proxy.host(), proxy.port())).maxSize(2).build());
    jdbi = EverpoolJdbi.create(pool).installPlugin(new SqlObjectPlugin());
    jdbi.useHandle(handle -> handle.execute("create table payment (id int)"));
  }

  @AfterAll
  static void close() {
    pool.close();
    proxy.close();
    server.close();
  }

  @BeforeEach
  void empty() {
    jdbi.useTransaction(handle -> handle.execute("truncate payment"));
  }

  @AfterEach
  void nothingIsOut() {
    assertThat(pool.snapshot().leased()).isZero();
  }

  private static int pay(Handle handle) {
    handle.createQuery("select set_config('app.user', 'x', false)").mapTo(String.class).one();
    handle.execute("insert into payment values (1)");
    proxy.cutReplyTo("COMMIT", Cut.RST);
    return 42;
  }

  private static void isThereOnce() {
    assertThat(proxy.cutPending()).isFalse();
    assertThat(server.ask("select count(*) from payment")).isEqualTo("1");
  }

  @ParameterizedTest
  @EnumSource(
      value = TransactionIsolationLevel.class,
      names = {"UNKNOWN", "READ_COMMITTED", "REPEATABLE_READ", "SERIALIZABLE"})
  void aTransactionHasItsResultAtEveryLevel(TransactionIsolationLevel level) {
    int paid = jdbi.inTransaction(level, LostInCommitTest::pay);

    assertThat(paid).isEqualTo(42);
    isThereOnce();
  }

  @Test
  void aTransactionWithoutALevelHasItsResult() {
    int paid = jdbi.inTransaction(LostInCommitTest::pay);

    assertThat(paid).isEqualTo(42);
    isThereOnce();
  }

  @Test
  void aMethodOfASqlObjectHasItsResult() {
    assertThat(payments.pay()).isEqualTo(42);
    isThereOnce();
  }

  @Test
  void aMethodOfASqlObjectHasItsResultAtItsLevel() {
    assertThat(payments.paySerially()).isEqualTo(42);
    isThereOnce();
  }

  /** The handle goes on, and whoever uses it must not miss unnoticed what he had set. */
  @Test
  void whatIsDoneNextWithTheHandleSaysThatItIsLost() {
    try (Handle handle = jdbi.open()) {
      int paid = handle.inTransaction(TransactionIsolationLevel.SERIALIZABLE, each -> pay(each));
      assertThat(paid).isEqualTo(42);
      assertThatThrownBy(() -> handle.execute("select 1"))
          .isInstanceOf(JdbiException.class)
          .satisfies(thrown -> assertThat(Faults.has(thrown, "08003")).isTrue());
      assertThatThrownBy(() -> handle.useTransaction(each -> each.execute("select 1")))
          .satisfies(thrown -> assertThat(Faults.has(thrown, "08003")).isTrue());
    }
    isThereOnce();
  }
}
