package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import java.io.InputStream;
import java.io.Reader;
import java.nio.channels.Channels;
import java.sql.SQLException;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Spliterators;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.result.ResultIterable;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.jdbi.v3.sqlobject.SqlObject;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.customizer.BindList;
import org.jdbi.v3.sqlobject.statement.BatchChunkSize;
import org.jdbi.v3.sqlobject.statement.SqlBatch;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.jdbi.v3.sqlobject.transaction.Transaction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Methods of SqlObjects whose arguments can be read but once: what a rerun would find is their
 * rest.
 */
@Tag("contract")
class OneShotArgumentsTest {
  private static final String LOST = "57P01";

  private static PostgresServer server;
  private static Pool pool;
  private static Jdbi jdbi;

  private final Entries entries = jdbi.onDemand(Entries.class);

  /** On a table without a trigger, for nobody knows what a trigger has set in its session. */
  public interface Plain extends SqlObject {
    @BatchChunkSize(2)
    @SqlBatch("insert into plain values (:id)")
    void insertByTwos(Iterator<Integer> id);

    @Transaction
    @SqlBatch("insert into plain values (:id)")
    void insertAllInTransaction(Iterator<Integer> id);

    @Transaction
    default void insertOf(Runnable before, List<Integer> ids) {
      getHandle().execute("select");
      before.run();
      insertAllInTransaction(ids.iterator());
    }

    @ReadOnly
    @SqlQuery("select id from plain order by id")
    List<Integer> all();
  }

  /** What takes its arguments once, and what could take them again. */
  public interface Entries extends SqlObject {
    @SqlBatch("insert into entry values (:id)")
    void insertAll(Iterator<Integer> id);

    @Idempotent
    @SqlBatch("insert into entry values (:id) on conflict do nothing")
    void putAll(Iterator<Integer> id);

    @SqlBatch("insert into entry values (:id)")
    void insertThese(List<Integer> id);

    @Transaction
    @SqlBatch("insert into entry values (:id)")
    void insertAllInTransaction(Iterator<Integer> id);

    @Transaction
    @BatchChunkSize(2)
    @SqlBatch("insert into entry values (:id)")
    void insertByTwosInTransaction(Iterator<Integer> id);

    @Transaction(TransactionIsolationLevel.SERIALIZABLE)
    default void insertEach(Stream<Integer> ids) {
      ids.forEach(this::insert);
    }

    @Transaction
    default void insertRest(Object ids) {
      ((Iterator<?>) ids).forEachRemaining(id -> insert((Integer) id));
    }

    @Transaction
    default void insertOf(List<Integer> ids) {
      insertAllInTransaction(ids.iterator());
    }

    @Idempotent
    default void insertAnew(Iterator<Integer> ids) {
      getHandle().execute("delete from entry");
      ids.forEachRemaining(this::insert);
    }

    @SqlUpdate("insert into entry values (:id)")
    void insert(int id);

    @SqlUpdate("insert into entry select unnest(array[<ids>])")
    void insertList(@BindList("ids") Iterator<Integer> ids);

    @ReadOnly
    @SqlQuery("select id from entry order by id")
    List<Integer> all();
  }

  @BeforeAll
  static void open() throws SQLException {
    server = PostgresServer.start();
    pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).maxSize(2).build());
    jdbi = EverpoolJdbi.create(pool).installPlugin(new SqlObjectPlugin());
    jdbi.useHandle(
        handle ->
            handle
                .createScript(
                    """
                    create table entry (id int unique);
                    create table plain (id int);
                    """)
                .execute());
    RowFaults.create(jdbi);
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
          handle.execute("truncate entry, plain, fault");
          handle.execute("drop trigger if exists fault on entry");
          handle.execute("alter sequence inserted restart");
        });
  }

  @AfterEach
  void nothingIsOut() {
    assertThat(pool.snapshot().leased()).isZero();
  }

  /** The row that is inserted as that one, of all, meets it. */
  private static void faultAt(int row, String state) {
    jdbi.useTransaction(
        handle -> {
          handle.execute("insert into fault values (?, ?)", row, state);
          handle.execute(
              "create or replace trigger fault before insert on entry"
                  + " for each row execute function meet_fault()");
        });
  }

  /** Ends the backend when {@code row} is read. */
  private static Iterator<Integer> lostAt(int row, Integer... rows) {
    return Stream.of(rows).peek(read -> loseAt(row, read)).iterator();
  }

  private static void loseAt(int row, int read) {
    if (read == row) {
      server.terminateAll();
    }
  }

  /** Each chunk is a transaction, whose rows Jdbi keeps for another run. */
  @ParameterizedTest
  @ValueSource(strings = {LOST, "40P01", "40001"})
  void aBatchOfAnIteratorIsThereOnce(String state) {
    faultAt(2, state);

    entries.insertAll(List.of(1, 2, 3).iterator());

    assertThat(entries.all()).containsExactly(1, 2, 3);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void aBatchOfAnIteratorInChunksIsThereOnce(int row) {
    Plain plain = jdbi.onDemand(Plain.class);

    plain.insertByTwos(lostAt(row, 1, 2, 3, 4, 5));

    assertThat(plain.all()).containsExactly(1, 2, 3, 4, 5);
  }

  @Test
  void anIdempotentBatchOfAnIteratorIsThereOnce() {
    faultAt(2, LOST);

    entries.putAll(List.of(1, 2, 3).iterator());

    assertThat(entries.all()).containsExactly(1, 2, 3);
  }

  @Test
  void aBatchOfAListIsThereOnce() {
    faultAt(2, LOST);

    entries.insertThese(List.of(1, 2, 3));

    assertThat(entries.all()).containsExactly(1, 2, 3);
  }

  /** Its first rows can't be read again; and the rest is no batch. */
  @ParameterizedTest
  @ValueSource(strings = {LOST, "40P01", "40001"})
  void aTransactionOfAnIteratorIsThereWholeOrFails(String state) {
    faultAt(2, state);
    fails(state, () -> entries.insertAllInTransaction(List.of(1, 2, 3).iterator()));
    faultAt(6, state);
    fails(state, () -> entries.insertByTwosInTransaction(List.of(1, 2, 3, 4).iterator()));

    entries.insertAllInTransaction(List.of(7, 8).iterator());

    assertThat(entries.all()).containsExactly(7, 8);
  }

  @ParameterizedTest
  @ValueSource(strings = {LOST, "40001"})
  void aTransactionalMethodThatTakesAStreamIsThereWholeOrFails(String state) {
    faultAt(2, state);

    fails(state, () -> entries.insertEach(Stream.of(1, 2, 3)));

    assertThat(entries.all()).isEmpty();
  }

  /** What it is counts, not what it is declared to be. */
  @Test
  void aTransactionalMethodThatTakesAnythingIsThereWholeOrFails() {
    faultAt(2, LOST);

    fails(LOST, () -> entries.insertRest(List.of(1, 2, 3).iterator()));

    assertThat(entries.all()).isEmpty();
  }

  /** The iterator is made in the transaction, and again when that is run again. */
  @Test
  void aTransactionThatMakesAnIteratorIsThereOnce() {
    faultAt(2, LOST);

    entries.insertOf(List.of(1, 2, 3));

    assertThat(entries.all()).containsExactly(1, 2, 3);
  }

  /** The handle goes on: that its method took an iterator once is no other transaction's matter. */
  @Test
  void whatComesAfterATransactionOfAnIteratorIsThereOnce() {
    try (Handle handle = jdbi.open()) {
      Plain attached = handle.attach(Plain.class);
      attached.insertAllInTransaction(List.of(1, 2).iterator());
      attached.insertOf(onlyOnce(server::terminateAll), List.of(3, 4));
      attached.insertByTwos(lostAt(7, 5, 6, 7));
    }

    assertThat(jdbi.onDemand(Plain.class).all()).containsExactly(1, 2, 3, 4, 5, 6, 7);
  }

  @Test
  void anIdempotentMethodThatTakesAnIteratorIsThereWholeOrFails() {
    faultAt(1, LOST);

    fails(LOST, () -> entries.insertAnew(List.of(1, 2, 3).iterator()));

    assertThat(entries.all()).isEmpty();
  }

  /**
   * A deadlock in autocommit leaves nothing, and the statement could be sent again but for this.
   */
  @Test
  void aStatementThatTakesAnIteratorIsNotSentWithItsRest() {
    faultAt(1, "40P01");

    fails("40P01", () -> entries.insertList(List.of(1, 2).iterator()));

    assertThat(entries.all()).isEmpty();
  }

  /** As ever: it may be there. */
  @Test
  void aStatementThatTakesAnIteratorAndHasNoAnswerSaysSo() {
    faultAt(1, LOST);

    assertThatThrownBy(() -> entries.insertList(List.of(1, 2).iterator()))
        .isInstanceOf(UnitFailedException.class);
  }

  private static Runnable onlyOnce(Runnable action) {
    AtomicBoolean done = new AtomicBoolean();
    return () -> {
      if (!done.getAndSet(true)) {
        action.run();
      }
    };
  }

  @Test
  void whatCanBeReadButOnceIsKnown() {
    InputStream stream = InputStream.nullInputStream();
    assertThat(
            Stream.of(
                List.of().iterator(),
                Collections.enumeration(List.of()),
                List.of().spliterator(),
                IntStream.empty(),
                ResultIterable.of(null),
                stream,
                Reader.nullReader(),
                Channels.newChannel(stream),
                Optional.of(stream),
                List.of(1, stream),
                Map.of("content", stream)))
        .allMatch(each -> !BatchRows.ONE_SHOTS.in(1, null, each).isEmpty());
    assertThat(BatchRows.ONE_SHOTS.in(1, new InputStream[] {stream})).containsExactly(stream);
    assertThat(
            BatchRows.ONE_SHOTS.in(
                1,
                null,
                List.of(2),
                Optional.empty(),
                new int[] {3},
                new Integer[] {4},
                Map.of(),
                Collections.emptyIterator(),
                Collections.emptyListIterator(),
                Collections.emptyEnumeration(),
                Spliterators.emptySpliterator()))
        .isEmpty();
    assertThat(BatchRows.ONE_SHOTS.in((Object[]) null)).isEmpty();
  }

  private static void fails(String state, Runnable work) {
    assertThatThrownBy(work::run)
        .isInstanceOf(JdbiException.class)
        .satisfies(thrown -> assertThat(Faults.has(thrown, state)).isTrue())
        .satisfies(
            thrown ->
                assertThat(thrown.getSuppressed())
                    .extracting(Throwable::getMessage)
                    .anyMatch(note -> note.contains("can be read only once")));
  }
}
