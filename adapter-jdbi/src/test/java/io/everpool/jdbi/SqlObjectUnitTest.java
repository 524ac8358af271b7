package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.WorkOptions;
import java.sql.Connection;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.jdbi.v3.sqlobject.SqlObject;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.jdbi.v3.sqlobject.transaction.Transaction;
import org.jdbi.v3.sqlobject.transaction.Transactional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** SqlObjects' methods as units of work. */
@Tag("contract")
class SqlObjectUnitTest {
  private final LendingFakePool pool = new LendingFakePool();
  private final Jdbi jdbi = EverpoolJdbi.create(pool).installPlugin(new SqlObjectPlugin());
  private final Entries entries = jdbi.onDemand(Entries.class);

  /** One of everything. */
  public interface Entries extends SqlObject, Transactional<Entries> {
    @SqlUpdate("create table entry (id int)")
    void createTable();

    @SqlUpdate("insert into entry values (:id)")
    void insert(int id);

    @Idempotent
    @SqlUpdate("merge into entry key (id) values (:id)")
    void put(int id);

    @ReadOnly
    @SqlQuery("select id from entry order by id")
    List<Integer> all();

    @SqlQuery("select count(*) from entry")
    int count();

    @Transaction
    default void insertBoth(int one, int other) {
      insert(one);
      insert(other);
      getHandle().execute("-- the end");
    }

    @Transaction(TransactionIsolationLevel.SERIALIZABLE)
    default int countTwice() {
      return count() + count();
    }

    @Transaction(readOnly = true)
    default boolean readsOnly() {
      return getHandle().isReadOnly() && count() >= 0;
    }

    default void insertEach(int one, int other) {
      useTransaction(each -> each.insert(one));
      useTransaction(each -> each.insertBoth(other, other));
    }
  }

  @BeforeEach
  void createTable() {
    entries.createTable();
  }

  @AfterEach
  void nothingIsOut() {
    assertThat(pool.leased()).isZero();
  }

  @Test
  void aTransactionalMethodIsRerunWhole() {
    pool.faults.breakAt("-- the end");

    entries.insertBoth(1, 2);

    assertThat(entries.all()).containsExactly(1, 2);
    assertThat(pool.reruns).hasValue(1);
  }

  @Test
  void aTransactionalMethodIsRerunOnAHandleThatGoesOn() {
    try (Handle handle = jdbi.open()) {
      Entries attached = handle.attach(Entries.class);
      pool.faults.breakAt("-- the end");

      attached.insertBoth(1, 2);

      assertThat(attached.all()).containsExactly(1, 2);
    }
  }

  @Test
  void aTransactionalMethodIsRerunAtItsIsolationLevelUnderItsName() {
    pool.faults.breakAt("count");

    assertThat(entries.countTwice()).isZero();

    assertThat(pool.units)
        .contains(
            WorkOptions.DEFAULT
                .withIsolation(Connection.TRANSACTION_SERIALIZABLE)
                .withLabel("Entries.countTwice"));
  }

  @Test
  void aReadOnlyTransactionIsKnownToBeOne() {
    pool.faults.breakAt("count");

    entries.readsOnly();

    assertThat(pool.units).contains(WorkOptions.READ_ONLY.withLabel("Entries.readsOnly"));
    assertThat(pool.reruns).hasValue(1);
  }

  @Test
  void aMethodMarkedReadOnlyOrIdempotentIsRerun() {
    pool.faults.breakAt("merge").breakAt("select id");

    entries.put(7);

    assertThat(entries.all()).containsExactly(7);
    assertThat(pool.reruns).hasValue(2);
  }

  /** Nothing was sent but the one statement, and that may have had its effect. */
  @Test
  void anUnmarkedStatementIsNotRerun() {
    pool.faults.breakAt("insert");

    assertThatThrownBy(() -> entries.insert(1)).isInstanceOf(UnitFailedException.class);
    assertThat(pool.reruns).hasValue(0);
    assertThat(pool.units).contains(WorkOptions.DEFAULT.withLabel("Entries.insert"));
  }

  /** A unit around both would have to be refused its rerun, since the first is committed. */
  @Test
  void transactionsOneAfterTheOtherInAMethodAreUnitsEach() {
    pool.faults.breakAt("-- the end");

    entries.insertEach(1, 2);

    assertThat(entries.all()).containsExactly(1, 2, 2);
  }

  @Test
  void anExtensionLentAsReadOnlyIsRerunWhole() {
    pool.faults.breakAt("count");

    int count = EverpoolJdbi.readOnly(jdbi).withExtension(Entries.class, Entries::count);

    assertThat(count).isZero();
    assertThat(pool.reruns).hasValue(1);
  }
}
