package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.Reader;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.argument.Argument;
import org.jdbi.v3.core.argument.ArgumentFactory;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.sqlobject.SqlObject;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.customizer.Bind;
import org.jdbi.v3.sqlobject.statement.BatchChunkSize;
import org.jdbi.v3.sqlobject.statement.SqlBatch;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Batches in whose rows is what can be read but once: another run would write it empty. */
@Tag("contract")
class BatchRowsTest {
  private static final String LOST = "57P01";

  private static PostgresServer server;
  private static Pool pool;

  /** Streams in the rows of a batch. */
  public interface Docs extends SqlObject {
    @SqlBatch("insert into doc (id, object) values (:id, :body)")
    void insertObjects(@Bind("id") List<Integer> ids, @Bind("body") List<InputStream> bodies);

    @BatchChunkSize(1)
    @SqlBatch("insert into doc (id, content) values (:id, :body)")
    void insertOneByOne(
        @Bind("id") Iterator<Integer> ids, @Bind("body") Iterator<InputStream> bodies);

    @SqlBatch("insert into doc (id, content) values (:id, :body)")
    void insertSame(@Bind("id") List<Integer> ids, @Bind("body") InputStream body);

    @SqlBatch("insert into doc (id) values (:id)")
    void insertIds(@Bind("id") Iterator<Integer> ids);

    @ReadOnly
    @SqlQuery("select id from doc order by id")
    List<Integer> ids();

    @ReadOnly
    @SqlQuery("select convert_from(coalesce(content, lo_get(object)), 'UTF8') from doc order by id")
    List<String> all();
  }

  @BeforeAll
  static void open() throws SQLException {
    server = PostgresServer.start();
    pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).maxSize(2).build());
    execute("create table doc (id int, object oid, content bytea)");
    RowFaults.create(EverpoolJdbi.create(pool));
    execute("create trigger fault before insert on doc for each row execute function meet_fault()");
  }

  private static void execute(String sql) {
    EverpoolJdbi.create(pool).useHandle(handle -> handle.execute(sql));
  }

  @AfterAll
  static void close() {
    pool.close();
    server.close();
  }

  @BeforeEach
  void empty() {
    execute("truncate doc, fault");
    execute("alter sequence inserted restart");
  }

  @AfterEach
  void nothingIsOut() {
    assertThat(pool.snapshot().leased()).isZero();
  }

  /** The row that is inserted as that one, of all, meets it. */
  private static void faultAt(int row, String state) {
    execute("insert into fault values (" + row + ", '" + state + "')");
  }

  /** They are read when the chunk is sent; Jdbi keeps them, at their ends, with the rows. */
  @ParameterizedTest
  @ValueSource(strings = {LOST, "40P01", "40001"})
  void aBatchOfLargeObjectsIsThereWholeOrFails(String state) {
    Jdbi objects =
        Jdbi.create(pool)
            .installPlugin(new EverpoolPlugin(pool).withDriverTypes())
            .installPlugin(new SqlObjectPlugin());
    faultAt(1, state);
    try (Handle handle = objects.open()) { // the handle knows its session's large objects
      Docs docs = handle.attach(Docs.class);

      fails(state, () -> docs.insertObjects(List.of(1, 2), List.of(stream("1"), stream("2"))));
    }
    try (Handle handle = objects.open()) {
      Docs docs = handle.attach(Docs.class);
      assertThat(docs.all()).isEmpty();

      docs.insertObjects(List.of(1, 2), List.of(stream("1"), stream("2")));

      assertThat(docs.all()).containsExactly("1", "2");
    }
  }

  @Test
  void aBatchWithStreamsInItsRowsIsThereWholeOrFails() {
    Docs docs = streaming().onDemand(Docs.class);
    faultAt(1, "40001");
    Iterator<InputStream> one = List.of(stream("one")).iterator();
    fails("40001", () -> docs.insertOneByOne(List.of(1).iterator(), one));
    faultAt(2, "40001");
    fails("40001", () -> docs.insertSame(List.of(1), stream("one")));
    faultAt(4, "40001");
    Iterator<InputStream> bodies = List.of(stream("one"), stream("two")).iterator();
    fails("40001", () -> docs.insertOneByOne(List.of(1, 2).iterator(), bodies));

    assertThat(docs.all()).containsExactly("one");
  }

  /** That a batch had a stream in a row is no later one's matter. */
  @Test
  void whatComesAfterABatchOfStreamsIsThereOnce() {
    try (Handle handle = streaming().open()) {
      Docs attached = handle.attach(Docs.class);
      attached.insertSame(List.of(1), stream("one"));
      faultAt(3, "40001");
      attached.insertIds(List.of(2, 3, 4).iterator());
      assertThat(attached.ids()).containsExactly(1, 2, 3, 4);
    }
  }

  /** A Jdbi to which a stream is the bytes that it gives. */
  private static Jdbi streaming() {
    return EverpoolJdbi.create(pool)
        .installPlugin(new SqlObjectPlugin())
        .registerArgument(new Bytes());
  }

  private static final class Bytes implements ArgumentFactory.Preparable {
    @Override
    public Optional<Function<Object, Argument>> prepare(Type type, ConfigRegistry config) {
      return type == InputStream.class
          ? Optional.of(
              value ->
                  (at, statement, context) -> statement.setBinaryStream(at, (InputStream) value))
          : Optional.empty();
    }
  }

  private static InputStream stream(String content) {
    return new ByteArrayInputStream(content.getBytes(StandardCharsets.UTF_8));
  }

  /** As what the elements of a batch's iterators are declared. */
  private interface Elements<T, U extends Number> {
    void oneShots(
        Object object,
        AutoCloseable closeable,
        FileInputStream stream,
        Reader[] array,
        List<? extends InputStream> list,
        List<T>[] unknown,
        Optional<Reader> optional,
        Map<String, ?> map,
        T variable);

    void values(
        Integer number,
        byte[] bytes,
        List<String> list,
        Optional<Integer> optional,
        Map<String, ? extends Number> map,
        Comparable<T> comparable,
        U variable);
  }

  @Test
  void whatMayBeReadButOnceIsKnownByItsType() {
    assertThat(declared("oneShots")).hasSize(9).allMatch(BatchRows::mayBeOneShot);
    assertThat(declared("values")).hasSize(7).noneMatch(BatchRows::mayBeOneShot);
  }

  private static List<Type> declared(String method) {
    return Stream.of(Elements.class.getDeclaredMethods())
        .filter(each -> each.getName().equals(method))
        .flatMap(each -> Stream.of(each.getGenericParameterTypes()))
        .toList();
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
