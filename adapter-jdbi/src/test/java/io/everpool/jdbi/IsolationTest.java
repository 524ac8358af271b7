package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Sampled;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleListener;
import org.jdbi.v3.core.Handles;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.jdbi.v3.sqlobject.SqlObject;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.transaction.Transaction;
import org.jdbi.v3.sqlobject.transaction.Transactional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A transaction with an isolation level is a unit of work as one without: in every form that Jdbi
 * has for it, at every level. There is one connection, so that the next lease tells what was left.
 */
@Sampled
class IsolationTest {
  private static PostgresServer server;
  private static Pool pool;
  private static Jdbi jdbi;

  /** Levels by argument and by annotation. */
  public interface Entries extends SqlObject, Transactional<Entries> {
    @Transaction(TransactionIsolationLevel.READ_UNCOMMITTED)
    default void atReadUncommitted(Consumer<Handle> body) {
      body.accept(getHandle());
    }

    @Transaction(TransactionIsolationLevel.READ_COMMITTED)
    default void atReadCommitted(Consumer<Handle> body) {
      body.accept(getHandle());
    }

    @Transaction(TransactionIsolationLevel.REPEATABLE_READ)
    default void atRepeatableRead(Consumer<Handle> body) {
      body.accept(getHandle());
    }

    @Transaction(TransactionIsolationLevel.SERIALIZABLE)
    default void atSerializable(Consumer<Handle> body) {
      body.accept(getHandle());
    }
  }

  enum Form {
    JDBI_IN {
      @Override
      void run(Jdbi on, TransactionIsolationLevel level, Consumer<Handle> body) {
        assertThat(on.<Integer, RuntimeException>inTransaction(level, answering(body)::apply))
            .isEqualTo(42);
      }
    },
    JDBI_USE {
      @Override
      void run(Jdbi on, TransactionIsolationLevel level, Consumer<Handle> body) {
        on.useTransaction(level, body::accept);
      }
    },
    HANDLE_IN {
      @Override
      void run(Jdbi on, TransactionIsolationLevel level, Consumer<Handle> body) {
        try (Handle handle = on.open()) {
          assertThat(handle.<Integer, RuntimeException>inTransaction(level, answering(body)::apply))
              .isEqualTo(42);
          assertThat(level(handle)).isEqualTo("read committed");
        }
      }
    },
    HANDLE_USE {
      @Override
      void run(Jdbi on, TransactionIsolationLevel level, Consumer<Handle> body) {
        on.useHandle(
            handle -> {
              handle.useTransaction(level, body::accept);
              assertThat(level(handle)).isEqualTo("read committed");
            });
      }
    },
    HANDLE_SET {
      @Override
      void run(Jdbi on, TransactionIsolationLevel level, Consumer<Handle> body) {
        try (Handle handle = on.open()) {
          handle.setTransactionIsolationLevel(level);
          handle.useTransaction(body::accept);
        }
      }
    },
    UNITS_IN {
      @Override
      void run(Jdbi on, TransactionIsolationLevel level, Consumer<Handle> body) {
        assertThat(
                EverpoolJdbi.idempotent(on)
                    .<Integer, RuntimeException>inTransaction(level, answering(body)::apply))
            .isEqualTo(42);
      }
    },
    UNITS_USE {
      @Override
      void run(Jdbi on, TransactionIsolationLevel level, Consumer<Handle> body) {
        EverpoolJdbi.idempotent(on).useTransaction(level, body::accept);
      }
    },
    SQL_OBJECT {
      @Override
      void run(Jdbi on, TransactionIsolationLevel level, Consumer<Handle> body) {
        on.onDemand(Entries.class)
            .useTransaction(level, entries -> entries.useHandle(body::accept));
      }
    },
    ANNOTATION {
      @Override
      void run(Jdbi on, TransactionIsolationLevel level, Consumer<Handle> body) {
        Entries entries = on.onDemand(Entries.class);
        switch (level) {
          case READ_UNCOMMITTED -> entries.atReadUncommitted(body);
          case READ_COMMITTED -> entries.atReadCommitted(body);
          case REPEATABLE_READ -> entries.atRepeatableRead(body);
          case SERIALIZABLE -> entries.atSerializable(body);
          default -> throw new IllegalArgumentException(level.name());
        }
      }
    };

    abstract void run(Jdbi on, TransactionIsolationLevel level, Consumer<Handle> body);
  }

  private static Function<Handle, Integer> answering(Consumer<Handle> body) {
    return handle -> {
      body.accept(handle);
      return 42;
    };
  }

  static Stream<Arguments> formsAtLevels() {
    return Arrays.stream(Form.values())
        .flatMap(
            form ->
                Stream.of(
                        TransactionIsolationLevel.READ_UNCOMMITTED,
                        TransactionIsolationLevel.READ_COMMITTED,
                        TransactionIsolationLevel.REPEATABLE_READ,
                        TransactionIsolationLevel.SERIALIZABLE)
                    .map(level -> Arguments.of(form, level)));
  }

  @BeforeAll
  static void open() throws SQLException {
    server = PostgresServer.start();
    pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).minSize(1).maxSize(1).build());
    jdbi = on();
    jdbi.useHandle(handle -> handle.execute("create table entry (id int)"));
  }

  private static Jdbi on() {
    return EverpoolJdbi.create(pool).installPlugin(new SqlObjectPlugin());
  }

  @AfterAll
  static void close() {
    pool.close();
    server.close();
  }

  @BeforeEach
  void empty() {
    jdbi.useTransaction(handle -> handle.execute("truncate entry"));
  }

  @Tag("contract")
  @ParameterizedTest
  @MethodSource("formsAtLevels")
  void itIsRerunWholeAtItsLevelAndTheNextLeaseHasTheOldOne(
      Form form, TransactionIsolationLevel level) {
    List<String> levels = new ArrayList<>();

    form.run(
        jdbi,
        level,
        handle -> {
          levels.add(level(handle));
          handle.execute("insert into entry values (1)");
          if (levels.size() == 1) {
            server.terminate(
                handle.createQuery("select pg_backend_pid()").mapTo(Integer.class).one());
          }
          handle.execute("insert into entry values (2)");
        });

    String name = level.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    assertThat(levels).containsExactly(name, name);
    nothingIsLeft(1, 2);
  }

  @ParameterizedTest
  @MethodSource("formsAtLevels")
  void whereOnlyReadingWasDeclaredItReadsOnlyInEveryRun(
      Form form, TransactionIsolationLevel level) {
    List<String> runs = new ArrayList<>();
    Jdbi reading = on().configure(UnitOptions.class, options -> options.setReadOnly(true));

    assertThatThrownBy(
            () ->
                form.run(
                    reading,
                    level,
                    handle -> {
                      runs.add(show(handle, "transaction_read_only") + " " + level(handle));
                      if (runs.size() == 1) {
                        server.terminate(
                            handle
                                .createQuery("select pg_backend_pid()")
                                .mapTo(Integer.class)
                                .one());
                      }
                      handle.execute("insert into entry values (1)");
                    }))
        .hasMessageContaining("read-only transaction");

    String run = "on " + level.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    assertThat(runs).containsExactly(run, run);
    nothingIsLeft();
  }

  /** Jdbi sets the level before the transaction, where there is nobody to run anything again. */
  @Tag("contract")
  @ParameterizedTest
  @MethodSource("formsAtLevels")
  void itHasItsLevelThoughTheConnectionWasLostBeforeIt(Form form, TransactionIsolationLevel level) {
    List<String> levels = new ArrayList<>();
    Jdbi losing = on();
    losing.getConfig(Handles.class).addListener(new Loser());

    form.run(
        losing,
        level,
        handle -> {
          levels.add(level(handle));
          handle.execute("insert into entry values (1)");
        });

    assertThat(levels).containsExactly(level.name().toLowerCase(Locale.ROOT).replace('_', ' '));
    nothingIsLeft(1);
  }

  /** Ends the backend of the first handle, once that is open. */
  private static final class Loser implements HandleListener {
    private boolean done;

    @Override
    public void handleCreated(Handle handle) {
      if (!done) {
        done = true;
        server.terminateAll();
      }
    }
  }

  private static void nothingIsLeft(Integer... entries) {
    assertThat(pool.snapshot().leased()).isZero();
    jdbi.useHandle(
        handle -> {
          assertThat(level(handle)).isEqualTo("read committed");
          assertThat(show(handle, "transaction_read_only")).isEqualTo("off");
          assertThat(handle.getTransactionIsolationLevel())
              .isEqualTo(TransactionIsolationLevel.READ_COMMITTED);
          assertThat(
                  handle
                      .createQuery("select id from entry order by id")
                      .mapTo(Integer.class)
                      .list())
              .containsExactly(entries);
        });
  }

  private static String level(Handle handle) {
    return show(handle, "transaction_isolation");
  }

  private static String show(Handle handle, String setting) {
    return handle.createQuery("show " + setting).mapTo(String.class).one();
  }
}
