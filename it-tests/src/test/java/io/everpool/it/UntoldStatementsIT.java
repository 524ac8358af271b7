package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import io.everpool.servers.Await;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jdbi.v3.core.HandleConsumer;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Neither log nor event tells what a statement was about that met the end of its connection. */
class UntoldStatementsIT {
  private static final String VALUE = "hunter2";
  private static final String SUICIDE =
      "create temp table untold as select %s::text where pg_terminate_backend(pg_backend_pid())";
  private static final String CONFLICT =
      "do $$ begin raise exception 'lost a race' using errcode = '40001', detail = '"
          + VALUE
          + "'; end $$";

  /** What is done once, and loses the connection or a race. */
  interface Deed {
    void on(Connection connection) throws SQLException;
  }

  static Stream<Named<Deed>> deeds() {
    return Stream.of(
        Named.of("a literal", c -> execute(c, SUICIDE.formatted("'" + VALUE + "'"))),
        Named.of("a batch of literals", UntoldStatementsIT::batch),
        Named.of("a batch of parameters", UntoldStatementsIT::preparedBatch),
        Named.of("a conflict's details", c -> execute(c, CONFLICT)));
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void batch(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.addBatch(SUICIDE.formatted("'" + VALUE + "'"));
      statement.addBatch(SUICIDE.formatted("'" + VALUE + "'"));
      statement.executeBatch();
    }
  }

  private static void preparedBatch(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(SUICIDE.formatted("?"))) {
      for (int i = 0; i < 2; i++) {
        statement.setString(1, VALUE);
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

  @ParameterizedTest
  @MethodSource("deeds")
  void ofAUnit(Deed deed) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    nothingIsTold(
        PoolEvent.Retried.class,
        pool ->
            pool.run(
                WorkOptions.IDEMPOTENT,
                connection -> {
                  if (runs.getAndIncrement() == 0) {
                    deed.on(connection);
                  }
                  return null;
                }));
    assertThat(runs).hasValue(2);
  }

  /** Jdbi adds what a statement's arguments were. */
  @ParameterizedTest
  @MethodSource("jdbiDeeds")
  void ofAHandle(HandleConsumer<RuntimeException> deed) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    nothingIsTold(
        PoolEvent.Retried.class,
        pool ->
            EverpoolJdbi.idempotent(EverpoolJdbi.create(pool))
                .useHandle(
                    handle -> {
                      if (runs.getAndIncrement() == 0) {
                        deed.useHandle(handle);
                      }
                    }));
    assertThat(runs).hasValue(2);
  }

  static Stream<Named<HandleConsumer<RuntimeException>>> jdbiDeeds() {
    return Stream.of(
        Named.of("an argument", handle -> handle.execute(SUICIDE.formatted("?"), VALUE)),
        Named.of(
            "a batch",
            handle -> handle.prepareBatch(SUICIDE.formatted("?")).add(VALUE).add(VALUE).execute()));
  }

  /** Without a unit. */
  @ParameterizedTest
  @MethodSource("deeds")
  void ofAConnection(Deed deed) throws SQLException {
    nothingIsTold(
        PoolEvent.ConnectionClosed.class,
        pool -> {
          try (Connection connection = pool.getConnection()) {
            assertThat(catchThrowable(() -> deed.on(connection))).isInstanceOf(SQLException.class);
          }
        });
  }

  interface Users {
    void of(Pool pool) throws SQLException;
  }

  private static void nothingIsTold(Class<? extends PoolEvent> event, Users users)
      throws SQLException {
    List<PoolEvent> events = new CopyOnWriteArrayList<>();
    PoolConfig config = Db.config("untold").build();
    try (LogCapture log = LogCapture.open()) {
      try (Pool pool = Everpool.builder(config).listener(events::add).open()) {
        users.of(pool);
        assertThat(pool.snapshot().toString()).doesNotContain(VALUE);
      }
      Await.until( // before which the pool's own threads tell what they have to
          Db.LIMIT,
          () -> events.stream().anyMatch(PoolEvent.PoolClosed.class::isInstance),
          "the last event");
      assertThat(events).hasAtLeastOneElementOfType(event);
      assertThat(log.text())
          .contains("untold")
          .doesNotContain(VALUE)
          .doesNotContain("pg_terminate");
      assertThat(events.toString()).doesNotContain(VALUE).doesNotContain("pg_terminate");
    }
  }
}
