package io.everpool.postgresql.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.Sessions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What several threads define at the same moment, or while the catalogues are read, is known. */
class DefinitionsAtOnceTest {
  private static final int ROUNDS = 100;

  private final ExecutorService threads = Executors.newFixedThreadPool(2);
  private final Deque<String> harmless = new ArrayDeque<>();
  private final SessionCatalog catalog = new SessionCatalog(Long.MAX_VALUE);
  private PhysicalConnection session;
  private Connection connection;

  @BeforeEach
  void read() throws SQLException {
    session = Sessions.open();
    connection = session.jdbc();
    catalog.refresh(connection, Duration.ZERO);
    try (Statement statement = connection.createStatement();
        ResultSet names =
            statement.executeQuery(
                "select distinct proname from pg_proc where proname ~ '^[a-z_]+$'"
                    + " and proname not in (select word from pg_get_keywords()) order by 1")) {
      while (names.next()) {
        if (!leaves(names.getString(1))) {
          harmless.add(names.getString(1));
        }
      }
    }
    assertThat(harmless).hasSizeGreaterThan(2 * ROUNDS);
  }

  @AfterEach
  void close() throws SQLException {
    threads.shutdownNow();
    session.close();
  }

  private boolean leaves(String function) {
    return catalog.sideEffects("select " + function + "(1)").inAll() != 0;
  }

  /** From now on it takes a lock. */
  private void redefine(String function) {
    catalog.sideEffects(
        "create or replace function "
            + function
            + "(int) returns void language sql as 'select pg_advisory_lock(1)'");
  }

  private void atOnce(Callable<?> one, Callable<?> other) throws Exception {
    CyclicBarrier start = new CyclicBarrier(2);
    Future<?> first = threads.submit(() -> after(start, one));
    Future<?> second = threads.submit(() -> after(start, other));
    first.get(Sessions.LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    second.get(Sessions.LIMIT.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static Object after(CyclicBarrier start, Callable<?> task) throws Exception {
    start.await(Sessions.LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    return task.call();
  }

  @Test
  void twoThreadsThatDefineForgetNeithers() throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      String one = harmless.remove();
      String other = harmless.remove();
      atOnce(Executors.callable(() -> redefine(one)), Executors.callable(() -> redefine(other)));
      assertThat(leaves(one)).as("%s, beside %s", one, other).isTrue();
      assertThat(leaves(other)).as("%s, beside %s", other, one).isTrue();
    }
  }

  @Test
  void aReadingForgetsNothingThatIsDefinedMeanwhile() throws Exception {
    for (int round = 0; round < ROUNDS / 4; round++) {
      String name = harmless.remove();
      Sessions.server()
          .execute(
              "create function at_once_" + round + "() returns int language sql as 'select 1'");
      atOnce(
          () -> {
            catalog.refresh(connection, Duration.ZERO);
            return null;
          },
          Executors.callable(() -> redefine(name)));
      assertThat(leaves(name)).as(name).isTrue();
      assertThat(leaves("at_once_" + round)).as("it was read").isFalse();
    }
  }
}
