package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.PostgresServer;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.postgres.PgLobApi;
import org.jdbi.v3.postgres.PostgresPlugin;
import org.jdbi.v3.postgres.PostgresTypes;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;
import org.jdbi.v3.sqlobject.statement.SqlQuery;
import org.jdbi.v3.sqlobject.transaction.Transaction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** The plug-in beside others for the same, on a real server and pool. */
@Tag("contract")
class PluginsTest {
  private static PostgresServer server;
  private static Pool pool;

  private final Logger logger = (Logger) LoggerFactory.getLogger(EverpoolPlugin.class);
  private final ListAppender<ILoggingEvent> told = new ListAppender<>();

  /** What a SqlObject can be. */
  public interface Numbers {
    @Transaction
    @SqlQuery("select 1")
    int one();
  }

  @BeforeAll
  static void open() throws SQLException {
    server = PostgresServer.start();
    pool = Everpool.open(PoolConfig.builder(server.libpqUrl()).maxSize(4).build());
  }

  @AfterAll
  static void close() {
    pool.close();
    server.close();
  }

  @BeforeEach
  void listen() {
    told.start();
    logger.addAppender(told);
  }

  @AfterEach
  void stopListening() {
    logger.detachAppender(told);
    assertThat(pool.snapshot().leased()).isZero();
  }

  // ---- a Jdbi without ours

  /** Nobody would keep what is promised. */
  @Test
  void whatIsSaidOfUnitsOfAJdbiWithoutOursIsRefused() {
    Jdbi jdbi = Jdbi.create(pool);

    assertThatThrownBy(() -> EverpoolJdbi.readOnly(jdbi))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("installPlugin(new EverpoolPlugin(pool))");
    assertThatThrownBy(() -> EverpoolJdbi.idempotent(jdbi))
        .isInstanceOf(IllegalArgumentException.class);

    jdbi.installPlugin(new EverpoolPlugin(pool));
    EverpoolJdbi.idempotent(jdbi)
        .useHandle(handle -> EverpoolJdbi.readOnly(handle.getJdbi()).labelled("same"));
  }

  // ---- Jdbi's own plug-in beside ours

  private void assertToldOnce() {
    assertThat(told.list)
        .singleElement()
        .satisfies(line -> assertThat(line.getLevel()).isEqualTo(Level.WARN))
        .extracting(ILoggingEvent::getFormattedMessage)
        .asString()
        .startsWith("PostgresPlugin is installed beside EverpoolPlugin")
        .contains("not run again", "withDriverTypes()");
  }

  @Test
  void jdbisPluginBesideOursIsWarnedOfOnce() {
    Jdbi jdbi = EverpoolJdbi.create(pool).installPlugin(new PostgresPlugin());

    assertThat(runs(jdbi)).isEqualTo(1);
    assertThat(runs(jdbi)).isEqualTo(1);

    assertToldOnce();
  }

  @Test
  void beforeOurs() {
    Jdbi jdbi =
        Jdbi.create(pool)
            .installPlugin(PostgresPlugin.noUnqualifiedHstoreBindings())
            .installPlugin(new EverpoolPlugin(pool));

    jdbi.useHandle(handle -> handle.execute("select 1"));
    jdbi.useHandle(handle -> handle.execute("select 1"));

    assertToldOnce();
  }

  @Test
  void besideOursWithDriverTypes() {
    Jdbi jdbi =
        Jdbi.create(pool)
            .installPlugin(new EverpoolPlugin(pool).withDriverTypes())
            .installPlugin(new PostgresPlugin());

    assertThat(runs(jdbi)).isEqualTo(1);

    assertToldOnce();
  }

  @Test
  void beforeOursWithDriverTypes() {
    Jdbi jdbi =
        Jdbi.create(pool)
            .installPlugin(new PostgresPlugin())
            .installPlugin(new EverpoolPlugin(pool).withDriverTypes());

    assertThat(runs(jdbi)).isEqualTo(1);

    assertToldOnce();
  }

  @Test
  void installedAfterTheFirstUnitItIsToldWhereAUnitFails() {
    Jdbi jdbi = EverpoolJdbi.create(pool);
    assertThat(runs(jdbi)).isEqualTo(2);
    jdbi.installPlugin(new PostgresPlugin());

    assertThat(runs(jdbi)).isEqualTo(1);

    assertToldOnce();
  }

  /** Over anything else nothing is run again anyway. */
  @Test
  void overAnotherDataSourceNothingIsTold() {
    Jdbi jdbi =
        Jdbi.create(server.jdbcUrl(), server.user(), server.password())
            .installPlugin(new EverpoolPlugin(pool))
            .installPlugin(new PostgresPlugin());

    jdbi.useHandle(handle -> handle.execute("select 1"));

    assertThat(told.list).isEmpty();
  }

  // ---- ours with driver types

  @Test
  void oursAloneIsNotWarnedOf() {
    Jdbi plain = EverpoolJdbi.create(pool);
    Jdbi types = Jdbi.create(pool).installPlugin(new EverpoolPlugin(pool).withDriverTypes());

    for (Jdbi jdbi : new Jdbi[] {plain, types}) {
      jdbi.installPlugin(new SqlObjectPlugin());
      assertThat(runs(jdbi)).isEqualTo(2);
      assertThat(jdbi.onDemand(Numbers.class).one()).isEqualTo(1);
      assertThatThrownBy(() -> jdbi.useHandle(handle -> handle.execute("no SQL")))
          .hasRootCauseInstanceOf(SQLException.class);
    }

    assertThat(told.list).isEmpty();
  }

  @Test
  void driverTypesAreAddedToAJdbiThatHasThePluginAlready() throws Exception {
    Jdbi jdbi = EverpoolJdbi.create(pool).installPlugin(new EverpoolPlugin(pool).withDriverTypes());

    assertThat(largeObject(jdbi)).containsExactly(1, 2, 3);
    assertThat(runs(jdbi)).isEqualTo(2);
    assertThat(told.list).isEmpty();
  }

  @Test
  void andStayWhereThePlainOneIsAddedAfterwards() throws Exception {
    Jdbi jdbi =
        Jdbi.create(pool)
            .installPlugin(new EverpoolPlugin(pool).withDriverTypes())
            .installPlugin(new EverpoolPlugin(pool));

    assertThat(largeObject(jdbi)).containsExactly(1, 2, 3);
  }

  /** A Jdbi has its own word, though another has the same plug-in. */
  @Test
  void driverTypesOfOneJdbiAreNoOthers() {
    EverpoolPlugin shared = new EverpoolPlugin(pool);
    Jdbi.create(pool)
        .installPlugin(shared)
        .installPlugin(new EverpoolPlugin(pool).withDriverTypes());
    Jdbi other = Jdbi.create(pool).installPlugin(shared);

    PgLobApi found = other.withHandle(handle -> handle.getConfig(PostgresTypes.class).getLobApi());

    assertThat(found).isNull();
  }

  /** What a large object has that was written and read by its {@code oid}. */
  private static byte[] largeObject(Jdbi jdbi) throws Exception {
    return jdbi.inTransaction(
        handle -> {
          PgLobApi lobs = handle.getConfig(PostgresTypes.class).getLobApi();
          assertThat(lobs).isNotNull();
          long oid = lobs.createLob();
          lobs.writeLob(oid, new ByteArrayInputStream(new byte[] {1, 2, 3}));
          try (InputStream in =
              handle.createQuery("select ?::oid").bind(0, oid).mapTo(InputStream.class).one()) {
            return in.readAllBytes();
          } finally {
            lobs.deleteLob(oid);
          }
        });
  }

  /** How often a transaction runs whose connection is lost in its first run. */
  private static int runs(Jdbi jdbi) {
    AtomicInteger runs = new AtomicInteger();
    try {
      jdbi.useTransaction(
          handle -> {
            if (runs.incrementAndGet() == 1) {
              server.terminate(pid(handle));
            }
            handle.execute("select 1");
          });
    } catch (RuntimeException lost) {
      assertThat(lost).hasRootCauseInstanceOf(SQLException.class);
    }
    return runs.get();
  }

  private static int pid(Handle handle) {
    return handle.createQuery("select pg_backend_pid()").mapTo(Integer.class).one();
  }
}
