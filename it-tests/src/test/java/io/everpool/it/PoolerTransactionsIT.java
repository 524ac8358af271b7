package io.everpool.it;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.servers.PgBouncer;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGConnection;
import org.postgresql.largeobject.LargeObjectManager;

/**
 * Behind a real PgBouncer: what the driver sends by itself is in a transaction as it was set,
 * read-only, as it is on a server.
 */
@Timeout(180)
class PoolerTransactionsIT {
  private static @Nullable PgBouncer bouncer;

  @BeforeAll
  static void start() {
    PgBouncer.Kind kind = PgBouncer.Kind.KEEPS_TRACK;
    assumeTrue(kind.isAvailable(), kind.missing());
    bouncer = kind.before(Db.server(), "transaction", Map.of("default_pool_size", "2"));
    Db.server().execute("create table pooler_log (i int); grant all on pooler_log to public");
  }

  @AfterAll
  static void stop() {
    if (bouncer != null) {
      bouncer.close();
      bouncer = null;
      Db.server().execute("drop table pooler_log");
    }
  }

  /** Where the transaction is. */
  enum Way {
    SERVER,
    POOLER;

    Pool open() throws SQLException {
      String name = "pooler-transactions-" + name().toLowerCase(Locale.ROOT);
      PoolConfig.Builder config =
          this == SERVER ? Db.config(name) : Db.config(name, requireNonNull(bouncer).jdbcUrl());
      return Everpool.open(config.maxSize(1).build());
    }
  }

  private static String rows() throws SQLException {
    try (Connection connection =
        DriverManager.getConnection(
            Db.server().jdbcUrl(), Db.server().user(), Db.server().password())) {
      return Db.ask(connection, "select count(*) from pooler_log");
    }
  }

  private static void assertRefused(ThrowingCallable write) {
    assertThatThrownBy(write)
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25006"));
  }

  private static long copy(PGConnection own) throws SQLException {
    try {
      return own.getCopyAPI().copyIn("copy pooler_log from stdin", new StringReader("1\n"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long largeObject(PGConnection own) throws SQLException {
    return own.getLargeObjectAPI().createLO(LargeObjectManager.READWRITE);
  }

  @ParameterizedTest
  @EnumSource
  void aReadOnlyUnitRefusesWhatTheDriversOwnObjectWrites(Way way) throws SQLException {
    try (Pool pool = way.open()) {
      assertRefused(
          () -> pool.inTransaction(WorkOptions.READ_ONLY, c -> copy(c.unwrap(PGConnection.class))));
      assertRefused(
          () ->
              pool.inTransaction(
                  WorkOptions.READ_ONLY, c -> largeObject(c.unwrap(PGConnection.class))));
      assertThat(rows()).isEqualTo("0");
      long written = pool.inTransaction(c -> copy(c.unwrap(PGConnection.class)));
      assertThat(written).isOne();
      pool.run(
          c -> {
            c.createStatement().execute("truncate pooler_log");
            return true;
          });
    }
  }

  @ParameterizedTest
  @EnumSource
  void soDoesEachTransactionOfAKeptOne(Way way) throws SQLException {
    try (LogCapture log = LogCapture.open();
        Pool pool = way.open()) {
      try (Connection connection = pool.getConnection()) {
        connection.setReadOnly(true);
        connection.setAutoCommit(false);
        PGConnection own = connection.unwrap(PGConnection.class);
        for (int i = 0; i < 2; i++) {
          assertRefused(() -> copy(own));
          connection.rollback();
          assertRefused(() -> largeObject(own));
          connection.rollback();
          assertThat(Db.ask(connection, "select 1")).isEqualTo("1");
          connection.commit();
        }
        connection.getTransactionIsolation();
        connection.setReadOnly(false);
        assertThat(copy(own)).isOne();
        connection.rollback();
        connection.setReadOnly(true);
      }
      assertThat(log.alarms()).noneMatch(line -> line.contains("open transaction"));
      try (Connection connection = pool.getConnection()) {
        connection.setAutoCommit(false);
        assertThat(connection.createStatement().executeUpdate("insert into pooler_log values (1)"))
            .isOne();
        connection.rollback();
      }
    }
    assertThat(rows()).isEqualTo("0");
  }
}
