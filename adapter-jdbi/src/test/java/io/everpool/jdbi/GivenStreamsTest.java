package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A stream that a callback has from outside: the second run of it would write its rest. */
@Tag("contract")
class GivenStreamsTest {
  private static final String INSERT = "insert into entry values (?)";

  private static PostgresServer server;
  private static Pool pool;
  private static Jdbi jdbi;

  private final AtomicInteger runs = new AtomicInteger();
  private final InputStream stream = bytes();

  @BeforeAll
  static void open() throws SQLException {
    server = PostgresServer.start();
    pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).maxSize(2).build());
    jdbi = EverpoolJdbi.create(pool);
    jdbi.useHandle(handle -> handle.execute("create table entry (bytes bytea)"));
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

  @AfterEach
  void nothingIsOut() {
    assertThat(pool.snapshot().leased()).isZero();
  }

  private static InputStream bytes() {
    return new SequenceInputStream(
        new ByteArrayInputStream(new byte[] {1, 2}), new ByteArrayInputStream(new byte[] {3}));
  }

  private static void bind(Handle handle, InputStream stream) {
    handle.createUpdate(INSERT).bindBinaryStream(0, stream, 3).execute();
  }

  private void assertFailsAsTheFirstRun(Throwable thrown) {
    assertThat(thrown.getSuppressed())
        .extracting(Throwable::getMessage)
        .anyMatch(note -> note.contains("open the stream within the work"));
    assertThat(runs).hasValue(2);
    assertThat(server.ask("select count(*) from entry")).isEqualTo("0");
  }

  @Test
  void whatItWasBoundToIsThereWholeOrNotAtAll() {
    SQLException conflict = new SQLException("lost a race", "40001");
    Throwable thrown =
        catchThrowable(
            () ->
                jdbi.useTransaction(
                    handle -> {
                      bind(handle, stream);
                      if (runs.incrementAndGet() == 1) {
                        throw conflict;
                      }
                    }));
    runs.incrementAndGet(); // the second has not come so far
    assertThat(thrown).isSameAs(conflict);
    assertFailsAsTheFirstRun(thrown);
  }

  /** A callback may throw what JDBC throws, and then that is what comes out. */
  @Test
  void asJdbcHasItThroughAHandlesConnection() {
    Throwable thrown =
        catchThrowable(
            () ->
                jdbi.useTransaction(
                    handle -> {
                      runs.incrementAndGet();
                      try (PreparedStatement insert =
                          handle.getConnection().prepareStatement(INSERT)) {
                        insert.setBinaryStream(1, stream);
                        insert.executeUpdate();
                      }
                      if (runs.get() == 1) {
                        throw new SQLException("lost a race", "40001");
                      }
                    }));
    assertThat(thrown)
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("40001"));
    assertFailsAsTheFirstRun(thrown);
  }

  @Test
  void whatEachRunOpensIsThereOnce() throws SQLException {
    jdbi.useTransaction(
        handle -> {
          bind(handle, bytes());
          if (runs.incrementAndGet() == 1) {
            throw new SQLException("lost a race", "40001");
          }
        });
    assertThat(runs).hasValue(2);
    assertThat(server.ask("select bytes::text from entry")).isEqualTo("\\x010203");
  }
}
