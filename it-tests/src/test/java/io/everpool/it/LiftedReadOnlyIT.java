package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A unit is read-only as long as it lets the server refuse its writes. */
@Timeout(120)
class LiftedReadOnlyIT {

  @BeforeEach
  void table() {
    Db.server().execute("create table lifted (id int)");
    Db.server().execute("grant all on lifted to public");
  }

  @AfterEach
  void noTable() {
    Db.server().execute("drop table lifted");
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** The server takes its write, and so it must not be run again. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "set default_transaction_read_only = off",
        "reset default_transaction_read_only",
        "reset all",
        "discard all",
        "/* a */ Reset -- b\n All",
        "select 1; reset all",
        "do $$ begin reset all; end $$"
      })
  void whatLiftsItIsNotRunAgain(String lifts) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = Everpool.open(Db.config("lifted").minSize(1).maxSize(1).build())) {
      assertThatThrownBy(
              () ->
                  pool.run(
                      WorkOptions.READ_ONLY,
                      connection -> {
                        runs.incrementAndGet();
                        execute(connection, lifts);
                        execute(connection, "insert into lifted values (1)");
                        return Db.ask(
                            connection, "select pg_terminate_backend(pg_backend_pid(), 0)");
                      }))
          .isInstanceOf(WriteOutcomeUnknownException.class);
    }
    assertThat(runs).hasValue(1);
    assertThat(Db.server().ask("select count(*) from lifted")).isEqualTo("1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"reset statement_timeout", "discard plans", "select 1"})
  void whatLeavesItIsRunAgain(String harmless) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = Everpool.open(Db.config("lifted").minSize(1).maxSize(1).build())) {
      pool.run(
          WorkOptions.READ_ONLY,
          connection -> {
            execute(connection, harmless);
            return runs.incrementAndGet() > 1
                ? ""
                : Db.ask(connection, "select pg_terminate_backend(pg_backend_pid(), 0)");
          });
    }
    assertThat(runs).hasValue(2);
  }
}
