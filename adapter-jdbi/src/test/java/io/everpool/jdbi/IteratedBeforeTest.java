package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.result.ResultIterable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Rows of a query that was run before the transaction which reads them: a rerun would read on where
 * the failed run has left off.
 */
@Tag("contract")
class IteratedBeforeTest {
  private static PostgresServer server;
  private static Pool pool;
  private static Jdbi jdbi;

  private final SQLException conflict = new SQLException("somebody was faster", "40001");
  private int runs;

  private interface Source {
    Iterator<Integer> of(Handle handle);
  }

  @BeforeAll
  static void open() throws SQLException {
    server = PostgresServer.start();
    pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).maxSize(2).build());
    jdbi = EverpoolJdbi.create(pool);
    jdbi.useHandle(handle -> handle.execute("create table copied (id int)"));
  }

  @AfterAll
  static void close() {
    pool.close();
    server.close();
  }

  @BeforeEach
  void empty() {
    jdbi.useHandle(handle -> handle.execute("truncate copied"));
  }

  private static ResultIterable<Integer> rows(Handle handle) {
    return handle.createQuery("select generate_series(1, 4)").mapTo(Integer.class);
  }

  /** Loses a race when half of them are there. */
  private void copy(Handle handle, Iterator<Integer> from) throws SQLException {
    runs++;
    while (from.hasNext()) {
      int id = from.next();
      handle.execute("insert into copied values (?)", id);
      if (id == 2 && runs == 1) {
        throw conflict;
      }
    }
  }

  private static List<Integer> copied() {
    return jdbi.withHandle(
        handle ->
            handle.createQuery("select id from copied order by id").mapTo(Integer.class).list());
  }

  @Test
  void isThereWholeOrNotAtAll() {
    List<Source> sources =
        List.of(each -> rows(each).iterator(), each -> rows(each).stream().iterator());
    for (Source source : sources) {
      runs = 0;
      jdbi.useHandle(
          handle -> {
            Iterator<Integer> rows = source.of(handle);
            assertThatThrownBy(() -> handle.useTransaction(each -> copy(each, rows)))
                .isSameAs(conflict);
          });
      assertThat(runs).isOne();
      assertThat(copied()).isEmpty();
    }
    assertThat(conflict.getSuppressed())
        .extracting(Throwable::getMessage)
        .anyMatch(why -> why.contains("run the query") && why.contains("within the work"));
  }

  @Test
  void aQueryThatEachRunMakesIsReadByEach() throws SQLException {
    jdbi.useHandle(
        handle -> {
          ResultIterable<Integer> query = rows(handle);
          handle.useTransaction(each -> copy(each, query.iterator()));
        });
    assertThat(runs).isEqualTo(2);
    assertThat(copied()).containsExactly(1, 2, 3, 4);
  }
}
