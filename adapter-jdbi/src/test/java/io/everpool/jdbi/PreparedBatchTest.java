package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.Batch;
import org.jdbi.v3.core.statement.PreparedBatch;
import org.jdbi.v3.sqlobject.SqlObject;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.transaction.Transaction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A batch that was prepared before the transaction that executes it: Jdbi forgets its rows then,
 * but for the last if that failed, and a rerun would write what is left.
 */
@Tag("contract")
class PreparedBatchTest {
  private static final String INSERT = "insert into entry values (?)";

  private static PostgresServer server;
  private static Pool pool;
  private static Jdbi jdbi;

  private final AtomicInteger runs = new AtomicInteger();

  /** Default methods that prepare and execute. */
  public interface Entries extends SqlObject {
    default PreparedBatch of(int... ids) {
      return batch(getHandle(), ids);
    }

    @Transaction
    default void insertOwn(AtomicInteger runs, int... ids) throws SQLException {
      of(ids).execute();
      loseRace(runs);
    }

    @Idempotent
    default void execute(PreparedBatch batch, AtomicInteger runs) throws SQLException {
      getHandle()
          .useTransaction(
              each -> {
                batch.execute();
                loseRace(runs);
              });
    }

    default void executeInTransaction(AtomicInteger runs, int... ids) throws SQLException {
      PreparedBatch batch = of(ids);
      getHandle()
          .useTransaction(
              each -> {
                batch.execute();
                loseRace(runs);
              });
    }
  }

  @BeforeAll
  static void open() throws SQLException {
    server = PostgresServer.start();
    pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).maxSize(2).build());
    jdbi = EverpoolJdbi.create(pool).installPlugin(new SqlObjectPlugin());
    jdbi.useHandle(
        handle -> {
          handle.execute("create table entry (id int unique)");
          handle.execute("create table raced (id int)");
          handle.execute("create sequence inserted");
          handle.execute(
              """
              create function lose_race() returns trigger language plpgsql as $$
              begin
                if nextval('inserted') = 3 then
                  raise exception 'lost a race' using errcode = '40001';
                end if;
                return new;
              end $$""");
          handle.execute(
              "create trigger race before insert on raced for each row execute function"
                  + " lose_race()");
        });
  }

  @AfterAll
  static void close() {
    pool.close();
    server.close();
  }

  @BeforeEach
  void empty() {
    jdbi.useTransaction(
        handle -> {
          handle.execute("truncate entry, raced");
          handle.execute("alter sequence inserted restart");
        });
  }

  @AfterEach
  void nothingIsOut() {
    assertThat(pool.snapshot().leased()).isZero();
  }

  private static PreparedBatch batch(Handle handle, int... ids) {
    PreparedBatch batch = handle.prepareBatch(INSERT);
    for (int id : ids) {
      batch.add(id);
    }
    return batch;
  }

  private static void loseRace(AtomicInteger runs) throws SQLException {
    if (runs.incrementAndGet() == 1) {
      throw new SQLException("lost a race", "40001");
    }
  }

  private static List<Integer> entries() {
    return jdbi.withHandle(
        handle ->
            handle.createQuery("select id from entry order by id").mapTo(Integer.class).list());
  }

  private static void fails(ThrowingCallable work) {
    assertThatThrownBy(work)
        .satisfies(thrown -> assertThat(Faults.has(thrown, "40001")).isTrue())
        .satisfies(
            thrown ->
                assertThat(thrown.getSuppressed())
                    .extracting(Throwable::getMessage)
                    .anyMatch(note -> note.contains("a batch that was prepared before it")));
    assertThat(entries()).isEmpty();
  }

  @Test
  void isThereWholeOrFailsWhereItFailedItself() {
    try (Handle handle = jdbi.open()) {
      PreparedBatch batch = handle.prepareBatch("insert into raced values (?)");
      batch.add(1).add(2).add(3);

      fails(() -> handle.useTransaction(each -> batch.execute()));

      assertThat(handle.isInTransaction()).isFalse();
    }
    assertThat(server.ask("select count(*) from raced")).isEqualTo("0");
  }

  @Test
  void isThereWholeOrFailsWhereSomethingElseFailedAfterIt() {
    try (Handle handle = jdbi.open()) {
      PreparedBatch batch = batch(handle, 1, 2, 3);

      fails(
          () ->
              handle.useTransaction(
                  each -> {
                    batch.execute();
                    loseRace(runs);
                  }));
    }
    assertThat(runs).as("nothing is run again for nothing").hasValue(1);
  }

  /** The rows that the first run has added are there yet, and would be twice. */
  @Test
  void isThereOnceOrFailsWhereTheRunHasAddedRows() {
    try (Handle handle = jdbi.open()) {
      PreparedBatch batch = handle.prepareBatch("insert into raced values (?)");

      fails(
          () ->
              handle.useTransaction(
                  each -> {
                    batch.add(7);
                    loseRace(runs);
                    batch.execute();
                  }));
    }
    assertThat(server.ask("select count(*) from raced")).isEqualTo("0");
  }

  @Test
  void isThereOnceOrFailsWhereItIsOfAnEarlierRun() {
    PreparedBatch[] kept = {null};

    fails(
        () ->
            jdbi.useTransaction(
                handle -> {
                  if (kept[0] == null) {
                    kept[0] = handle.prepareBatch(INSERT);
                  }
                  kept[0].add(runs.get());
                  loseRace(runs);
                  kept[0].execute();
                }));
  }

  /** The unit around the transaction would be run again as a whole. */
  @Test
  void isThereWholeOrFailsWithinAnotherUnit() {
    try (Handle handle = jdbi.open()) {
      Entries attached = handle.attach(Entries.class);
      PreparedBatch batch = attached.of(1, 2, 3);

      fails(() -> attached.execute(batch, runs));
    }
  }

  @Test
  void isThereWholeOrFailsInASqlObject() {
    fails(() -> jdbi.onDemand(Entries.class).executeInTransaction(runs, 1, 2, 3));
  }

  /** Which a rerun prepares again. */
  @Test
  void ofTheTransactionItselfIsThereOnce() throws SQLException {
    jdbi.useTransaction(
        handle -> {
          batch(handle, 1, 2).execute();
          loseRace(runs);
        });
    runs.set(0);
    jdbi.onDemand(Entries.class).insertOwn(runs, 3, 4);

    assertThat(entries()).containsExactly(1, 2, 3, 4);
  }

  /** Another unit has ended meanwhile, on another connection. */
  @Test
  void ofTheTransactionItselfIsThereOnceThoughAnotherUnitHasRun() throws SQLException {
    jdbi.useTransaction(
        handle -> {
          PreparedBatch batch = batch(handle, 1, 2);
          EverpoolJdbi.readOnly(jdbi).useHandle(other -> other.execute("select 1"));
          handle.useTransaction(each -> batch.execute());
          loseRace(runs);
        });

    assertThat(entries()).containsExactly(1, 2);
  }

  @Test
  void isThereOnceWhereNothingFails() {
    try (Handle handle = jdbi.open()) {
      PreparedBatch batch = batch(handle, 1, 2);
      handle.useTransaction(each -> batch.execute());
      batch.add(3);
      handle.useTransaction(each -> batch.execute());
    }

    assertThat(entries()).containsExactly(1, 2, 3);
  }

  /** Jdbi keeps its texts. */
  @Test
  void isThereWholeIfItIsOfTexts() throws SQLException {
    try (Handle handle = jdbi.open()) {
      Batch batch = handle.createBatch();
      batch.add("insert into entry values (1)").add("insert into entry values (2)");
      handle.useTransaction(
          each -> {
            batch.execute();
            loseRace(runs);
          });
    }

    assertThat(entries()).containsExactly(1, 2);
  }
}
