package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.sqlobject.SqlObject;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.transaction.Transaction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A unit is read-only as long as it lets the server refuse its writes. */
@Timeout(120)
class LiftedReadOnlyIT {
  private static final String INSERT = "insert into lifted values (1)";
  private static final String SUICIDE = "select pg_terminate_backend(pg_backend_pid(), 0)";

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
    writesOnce(connection -> execute(connection, lifts));
  }

  /** As long as nothing was sent the server wasn't even told. */
  @ParameterizedTest
  @ValueSource(strings = {"", "select 1"})
  void whatUnsetsItByJdbcIsNotRunAgain(String before) throws SQLException {
    writesOnce(
        connection -> {
          if (!before.isEmpty()) {
            execute(connection, before);
          }
          connection.setReadOnly(false);
        });
  }

  /** What is done to a unit's connection before it writes. */
  private interface Lifting {
    void on(Connection connection) throws SQLException;
  }

  private static void writesOnce(Lifting lifting) throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = Everpool.open(Db.config("lifted").minSize(1).maxSize(1).build())) {
      assertThatThrownBy(
              () ->
                  pool.run(
                      WorkOptions.READ_ONLY,
                      connection -> {
                        runs.incrementAndGet();
                        lifting.on(connection);
                        execute(connection, INSERT);
                        return Db.ask(connection, SUICIDE);
                      }))
          .isInstanceOf(WriteOutcomeUnknownException.class);
    }
    assertThat(runs).hasValue(1);
    assertThat(Db.server().ask("select count(*) from lifted")).isEqualTo("1");
  }

  /** SqlObject's {@code @Transaction} unsets it for its method, and sets it again. */
  @Test
  void whatJdbiUnsetsAndSetsIsNotRunAgain() throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = Everpool.open(Db.config("lifted").minSize(1).maxSize(1).build())) {
      Jdbi jdbi = EverpoolJdbi.create(pool).installPlugin(new SqlObjectPlugin());
      assertThatThrownBy(
              () ->
                  EverpoolJdbi.readOnly(jdbi)
                      .useExtension(
                          Lifted.class,
                          lifted -> {
                            runs.incrementAndGet();
                            lifted.write();
                            lifted.end();
                          }))
          .isInstanceOf(JdbiException.class);
    }
    assertThat(runs).hasValue(1);
    assertThat(Db.server().ask("select count(*) from lifted")).isEqualTo("1");
  }

  /** What takes part in the unit. */
  public interface Lifted extends SqlObject {
    @Transaction
    default void write() {
      getHandle().execute(INSERT);
    }

    /** Ends the session. */
    default void end() {
      getHandle().execute(SUICIDE);
    }
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
            return runs.incrementAndGet() > 1 ? "" : Db.ask(connection, SUICIDE);
          });
    }
    assertThat(runs).hasValue(2);
  }
}
