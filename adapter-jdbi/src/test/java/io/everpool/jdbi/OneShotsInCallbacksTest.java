package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Spliterator;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.sqlobject.SqlObject;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.customizer.BindList;
import org.jdbi.v3.sqlobject.statement.BatchChunkSize;
import org.jdbi.v3.sqlobject.statement.SqlBatch;
import org.jdbi.v3.sqlobject.statement.SqlUpdate;
import org.jdbi.v3.sqlobject.transaction.Transaction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What can be read but once and comes from outside of a callback, in which a SqlObject's method is
 * given it: by each way into the unit, each way to take it, and each way to fail. Either all of it
 * is there, or the call fails as its first run did; never is a part of it there without a word.
 * {@code -Dtests.sample=N} plays every N-th cell.
 *
 * <p>A little long, for what it enumerates.
 */
@Tag("contract")
@Timeout(300)
class OneShotsInCallbacksTest {
  private static final int SAMPLE = Integer.getInteger("tests.sample", 1);
  private static final String LOST = "57P01";
  private static final String CONFLICT = "40001";

  private static PostgresServer server;

  /** Beside the pool: of one session for all cells, for a login takes longer than most of them. */
  private static Handle beside;

  private static Pool pool;
  private static Jdbi jdbi;

  /** Each takes an iterator in its way. */
  public interface Entries extends SqlObject {
    @SqlBatch("insert into entry values (:id)")
    void insertAll(Iterator<Integer> id);

    @Transaction
    @SqlBatch("insert into entry values (:id)")
    void insertAllInTransaction(Iterator<Integer> id);

    @Transaction
    @BatchChunkSize(2)
    @SqlBatch("insert into entry values (:id)")
    void insertByTwosInTransaction(Iterator<Integer> id);

    @SqlUpdate("insert into entry select unnest(array[<ids>])")
    void insertList(@BindList("ids") Iterator<Integer> ids);

    @SqlUpdate("insert into entry values (:id)")
    void insert(int id);

    default void insertEach(Iterator<Integer> ids) {
      ids.forEachRemaining(this::insert);
    }

    @Transaction
    default void insertEachInTransaction(Iterator<Integer> ids) {
      ids.forEachRemaining(this::insert);
    }

    @Transaction
    default void insertWhatIsIn(Object oneShot) {
      read(oneShot).forEach(this::insert);
    }
  }

  /** How a method takes its rows. */
  enum Form {
    BATCH(Entries::insertAll, true),
    BATCH_IN_TRANSACTION(Entries::insertAllInTransaction, true),
    CHUNKS_IN_TRANSACTION(Entries::insertByTwosInTransaction, true),
    LIST(Entries::insertList, false),
    EACH(Entries::insertEach, false),
    EACH_IN_TRANSACTION(Entries::insertEachInTransaction, true);

    private final BiConsumer<Entries, Iterator<Integer>> method;
    private final boolean inTransaction;

    Form(BiConsumer<Entries, Iterator<Integer>> method, boolean inTransaction) {
      this.method = method;
      this.inTransaction = inTransaction;
    }
  }

  /** Work on a SqlObject. */
  interface Way {
    void call(Consumer<Entries> work) throws Exception;
  }

  /** How a callback comes to its SqlObject, and the unit that is run again. */
  enum In {
    ON_DEMAND(work -> work.accept(jdbi.onDemand(Entries.class)), false),
    OPEN(
        work -> {
          try (Handle handle = jdbi.open()) {
            work.accept(handle.attach(Entries.class));
          }
        },
        false),
    OPEN_TRANSACTION(
        work -> {
          try (Handle handle = jdbi.open()) {
            handle.useTransaction(same -> work.accept(same.attach(Entries.class)));
          }
        },
        true),
    EXTENSION(work -> jdbi.useExtension(Entries.class, work::accept), false),
    HANDLE(work -> jdbi.useHandle(handle -> work.accept(handle.attach(Entries.class))), true),
    TRANSACTION(
        work -> jdbi.useTransaction(handle -> work.accept(handle.attach(Entries.class))), true),
    ON_DEMAND_IN_HANDLE(
        work -> jdbi.useHandle(handle -> work.accept(jdbi.onDemand(Entries.class))), true),
    ON_DEMAND_IN_TRANSACTION(
        work -> jdbi.useTransaction(handle -> work.accept(jdbi.onDemand(Entries.class))), true),
    HANDLE_IN_HANDLE(
        work ->
            jdbi.useHandle(
                outer -> jdbi.useHandle(handle -> work.accept(handle.attach(Entries.class)))),
        true),
    TRANSACTION_IN_HANDLE(
        work ->
            jdbi.useHandle(
                handle -> handle.useTransaction(same -> work.accept(same.attach(Entries.class)))),
        true),
    IDEMPOTENT_HANDLE(
        work ->
            EverpoolJdbi.idempotent(jdbi)
                .useHandle(
                    handle -> {
                      handle.execute("delete from entry");
                      work.accept(handle.attach(Entries.class));
                    }),
        true),
    IDEMPOTENT_TRANSACTION(
        work ->
            EverpoolJdbi.idempotent(jdbi)
                .useTransaction(handle -> work.accept(handle.attach(Entries.class))),
        true),
    IDEMPOTENT_EXTENSION(
        work ->
            EverpoolJdbi.idempotent(jdbi)
                .useExtension(
                    Entries.class,
                    entries -> {
                      entries.getHandle().execute("delete from entry");
                      work.accept(entries);
                    }),
        true),
    UNIT_OF_THE_POOL(
        work ->
            pool.useTransaction(
                connection ->
                    over(connection)
                        .useHandle(handle -> work.accept(handle.attach(Entries.class)))),
        true),
    UNIT_ON_ANOTHER_CONNECTION(
        work ->
            pool.useTransaction(
                connection -> jdbi.useHandle(handle -> work.accept(handle.attach(Entries.class)))),
        true);

    private final Way way;
    private final boolean aCallback;

    In(Way way, boolean aCallback) {
      this.way = way;
      this.aCallback = aCallback;
    }
  }

  /** What can be read but once. */
  enum Kind {
    ITERATOR(() -> List.of(1, 2, 3).iterator()),
    ENUMERATION(() -> Collections.enumeration(List.of(1, 2, 3))),
    SPLITERATOR(() -> List.of(1, 2, 3).spliterator()),
    STREAM(() -> Stream.of(1, 2, 3)),
    BYTES(() -> new ByteArrayInputStream(new byte[] {1, 2, 3})),
    READER(() -> new StringReader("\1\2\3")),
    CHANNEL(() -> Channels.newChannel(new ByteArrayInputStream(new byte[] {1, 2, 3}))),
    IN_A_LIST(() -> List.of(List.of(1, 2, 3).iterator())),
    IN_A_MAP(() -> Map.of("rows", List.of(1, 2, 3).iterator())),
    IN_AN_OPTIONAL(() -> Optional.of(List.of(1, 2, 3).iterator())),
    IN_AN_ARRAY(() -> new Object[] {List.of(1, 2, 3).iterator()});

    private final Supplier<Object> made;

    Kind(Supplier<Object> made) {
      this.made = made;
    }
  }

  /** All that is in there still. */
  private static List<Integer> read(Object oneShot) {
    List<Integer> read = new ArrayList<>();
    try {
      if (oneShot instanceof Iterator<?> iterator) {
        iterator.forEachRemaining(each -> read.add((Integer) each));
      } else if (oneShot instanceof Enumeration<?> enumeration) {
        enumeration.asIterator().forEachRemaining(each -> read.add((Integer) each));
      } else if (oneShot instanceof Spliterator<?> spliterator) {
        spliterator.forEachRemaining(each -> read.add((Integer) each));
      } else if (oneShot instanceof Stream<?> stream) {
        stream.forEach(each -> read.add((Integer) each));
      } else if (oneShot instanceof InputStream stream) {
        for (byte each : stream.readAllBytes()) {
          read.add((int) each);
        }
      } else if (oneShot instanceof Reader reader) {
        for (int each = reader.read(); each >= 0; each = reader.read()) {
          read.add(each);
        }
      } else if (oneShot instanceof ReadableByteChannel channel) {
        ByteBuffer bytes = ByteBuffer.allocate(10);
        channel.read(bytes);
        for (bytes.flip(); bytes.hasRemaining(); ) {
          read.add((int) bytes.get());
        }
      } else if (oneShot instanceof List<?> list) {
        list.forEach(each -> read.addAll(read(each)));
      } else if (oneShot instanceof Map<?, ?> map) {
        map.values().forEach(each -> read.addAll(read(each)));
      } else if (oneShot instanceof Optional<?> optional) {
        optional.ifPresent(each -> read.addAll(read(each)));
      } else {
        read.addAll(read(((Object[]) oneShot)[0]));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return read;
  }

  @BeforeAll
  static void open() throws SQLException {
    server = PostgresServer.start();
    pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).maxSize(3).build());
    jdbi = EverpoolJdbi.create(pool).installPlugin(new SqlObjectPlugin());
    jdbi.useHandle(
        handle ->
            handle
                .createScript(
                    """
                    create table entry (id int);
                    """)
                .execute());
    RowFaults.create(jdbi);
    jdbi.useHandle(
        handle ->
            handle.execute(
                "create trigger fault before insert on entry"
                    + " for each row execute function meet_fault()"));
    beside = Jdbi.open(server.jdbcUrl(), server.user(), server.password());
  }

  @AfterAll
  static void close() {
    pool.close();
    server.close();
    beside.close();
  }

  @BeforeEach
  void empty() {
    beside.execute("truncate entry, fault; alter sequence inserted restart");
  }

  @AfterEach
  void nothingIsOut() {
    assertThat(pool.snapshot().leased()).isZero();
  }

  private static Jdbi over(Connection connection) {
    return Jdbi.create(connection)
        .installPlugin(new EverpoolPlugin(pool))
        .installPlugin(new SqlObjectPlugin());
  }

  /** The row that is inserted as that one, of all, meets it. */
  private static void faultAt(int row, String state) {
    beside.execute("insert into fault values (" + row + ", '" + state + "')");
  }

  private static String rows() {
    return beside
        .select("select coalesce(string_agg(id::text, ' ' order by id), '') from entry")
        .mapTo(String.class)
        .one();
  }

  static Stream<Arguments> each() {
    return cases(in -> true, form -> true);
  }

  /** Where all of it is run again that made what it has read. */
  static Stream<Arguments> rerun() {
    return cases(in -> in.aCallback, form -> form.inTransaction);
  }

  private static Stream<Arguments> cases(Predicate<In> which, Predicate<Form> taken) {
    List<Arguments> all = new ArrayList<>();
    Stream.of(In.values())
        .filter(which)
        .forEach(
            in ->
                Stream.of(Form.values())
                    .filter(taken)
                    .forEach(
                        form -> {
                          all.add(Arguments.of(in, form, LOST, 1));
                          all.add(Arguments.of(in, form, LOST, 2));
                          all.add(Arguments.of(in, form, CONFLICT, 1));
                          all.add(Arguments.of(in, form, CONFLICT, 2));
                        }));
    return IntStream.range(0, all.size()).filter(i -> i % SAMPLE == 0).mapToObj(all::get);
  }

  @ParameterizedTest
  @MethodSource("each")
  void whatComesFromOutsideIsThereWholeOrTheFirstFailureIsThrown(
      In in, Form form, String state, int row) {
    faultAt(row, state);
    Iterator<Integer> rows = List.of(1, 2, 3).iterator();

    Throwable thrown =
        catchThrowable(() -> in.way.call(entries -> form.method.accept(entries, rows)));

    if (thrown == null) {
      assertThat(rows()).isEqualTo("1 2 3");
      return;
    }
    assertThat(Faults.has(thrown, state)).as("%s", thrown).isTrue();
    if (form.inTransaction && in != In.IDEMPOTENT_HANDLE) {
      assertThat(rows()).isEmpty();
    }
  }

  /** What each run makes anew is no obstacle. */
  @ParameterizedTest
  @MethodSource("rerun")
  void whatEachRunMakesIsThereWhole(In in, Form form, String state, int row) throws Exception {
    faultAt(row, state);

    in.way.call(entries -> form.method.accept(entries, List.of(1, 2, 3).iterator()));

    assertThat(rows()).isEqualTo("1 2 3");
  }

  @ParameterizedTest
  @EnumSource
  void whateverItIsItIsReadOnce(Kind kind) {
    faultAt(2, CONFLICT);
    Object oneShot = kind.made.get();

    Throwable thrown =
        catchThrowable(
            () -> jdbi.useHandle(handle -> handle.attach(Entries.class).insertWhatIsIn(oneShot)));

    assertThat(Faults.has(thrown, CONFLICT)).as("%s", thrown).isTrue();
    assertThat(thrown.getSuppressed())
        .extracting(Throwable::getMessage)
        .anyMatch(note -> note.contains("the same stream or iterator"));
    assertThat(rows()).isEmpty();
  }

  /** The second run isn't committed, though its callback hides why it has ended. */
  @Test
  void aCallbackThatHidesItIsNotCommitted() {
    faultAt(2, CONFLICT);
    Iterator<Integer> rows = List.of(1, 2, 3).iterator();
    boolean[] again = {false};

    Throwable thrown =
        catchThrowable(
            () ->
                jdbi.useTransaction(
                    handle -> {
                      try {
                        handle.attach(Entries.class).insertAll(rows);
                      } catch (UnitFailedException e) {
                        again[0] = true;
                      }
                      handle.execute("insert into entry values (4)");
                    }));

    assertThat(again[0]).isTrue();
    assertThat(Faults.has(thrown, CONFLICT)).as("%s", thrown).isTrue();
    assertThat(rows()).isEmpty();
  }

  /** There is but one of those in the whole process, and nothing is lost with it. */
  @Test
  void theEmptyIteratorIsGivenToEachRun() {
    faultAt(1, CONFLICT);

    jdbi.useTransaction(
        handle -> {
          Entries entries = handle.attach(Entries.class);
          entries.insertAll(Collections.emptyIterator());
          entries.insert(1);
        });

    assertThat(rows()).isEqualTo("1");
  }
}
