package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.BlindDriver.Kind;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Setters of JDBC's by which some drivers commit what is open: it isn't written again. */
class CommittingSettersTest extends OverH2 {
  private static final String URL = "jdbc:h2:mem:committing-setters";

  CommittingSettersTest() {
    super(URL, "create table rows_there (id int)");
  }

  private interface Setter {
    void on(Connection connection) throws SQLException;
  }

  private int rows() throws SQLException {
    return Integer.parseInt(ask("select count(*) from rows_there"));
  }

  private static DataSource h2() {
    return h2(URL);
  }

  private static DataSource committingIn(String method) {
    BlindDriver driver = new BlindDriver(Kind.SENDS, URL);
    driver.commitsIn = method;
    return driver.dataSource();
  }

  static Stream<Arguments> setters() {
    Setter isolation = c -> c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    return Stream.of(
        Arguments.of("H2", h2(), isolation),
        Arguments.of("isolation", committingIn("setTransactionIsolation"), isolation),
        Arguments.of("read-only", committingIn("setReadOnly"), (Setter) c -> c.setReadOnly(true)),
        Arguments.of("schema", committingIn("setSchema"), (Setter) c -> c.setSchema("PUBLIC")),
        Arguments.of("catalog", committingIn("setCatalog"), (Setter) c -> c.setCatalog("X")));
  }

  /** Meets a conflict behind the setter, the first time. */
  private static void run(DataSource source, AtomicInteger runs, Setter before, Setter after)
      throws SQLException {
    PoolConfig config = PoolConfig.builder(URL).minSize(1).maxSize(1).build();
    try (Pool pool = Everpool.builder(config).dataSource(source).open()) {
      pool.inTransaction(
          connection -> {
            before.on(connection);
            execute(connection, "insert into rows_there values (1)");
            after.on(connection);
            if (runs.incrementAndGet() == 1) {
              throw new SQLException("a conflict", "40001");
            }
            return Objects.requireNonNull(connection);
          });
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("setters")
  void nothingIsDoubled(String name, DataSource source, Setter setter) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    assertThatThrownBy(() -> run(source, runs, c -> {}, setter))
        .hasStackTraceContaining("a conflict");
    assertThat(runs).hasValue(1);
    assertThat(rows()).isOne();
  }

  /** Where nothing was written yet, nothing is committed by it. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("setters")
  void whatIsSetBeforeIsNoReason(String name, DataSource source, Setter setter)
      throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    run(source, runs, setter, c -> {});
    assertThat(runs).hasValue(2);
    assertThat(rows()).isOne();
  }
}
