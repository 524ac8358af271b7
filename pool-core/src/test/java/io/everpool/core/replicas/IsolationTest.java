package io.everpool.core.replicas;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.ReaderFallback;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import io.everpool.core.jdbc.PooledConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Work that only reads, at a level of isolation at which its readers' servers run nothing, as hot
 * standbys of PostgreSQL run nothing at SERIALIZABLE.
 */
@Timeout(300)
class IsolationTest extends ThreeServers {
  private static final int SERIALIZABLE = Connection.TRANSACTION_SERIALIZABLE;
  private static final int REPEATABLE_READ = Connection.TRANSACTION_REPEATABLE_READ;

  private final List<Pool> pools = new ArrayList<>();

  @BeforeEach
  void standBy() {
    one.highestIsolation = REPEATABLE_READ;
    two.highestIsolation = REPEATABLE_READ;
  }

  @AfterEach
  void close() {
    pools.forEach(Pool::close);
  }

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("jdbc:by-hand").name("orders").minSize(1).maxSize(2);
  }

  private Pool open(PoolConfig.Builder config, LeaseInterceptor interceptor, Server... readers)
      throws SQLException {
    Everpool.Builder builder =
        Everpool.builder(config.build()).connector(writer).interceptor(interceptor);
    for (Server reader : readers) {
      builder.reader(reader);
    }
    Pool pool = builder.open();
    pools.add(pool);
    return pool;
  }

  /** Whatever has its connections set to a level as they are lent: a framework's settings, say. */
  private static LeaseInterceptor lentAt(int level) {
    return new LeaseInterceptor() {
      @Override
      public void acquired(Connection connection) throws SQLException {
        if (level != 0) {
          connection.setTransactionIsolation(level);
        }
      }
    };
  }

  private static WorkOptions reading(int level) {
    return WorkOptions.READ_ONLY.withIsolation(level);
  }

  /** How work that only reads says its level before it is lent a connection, or with that. */
  private enum Way {
    RUN {
      @Override
      String where(Pool pool, int level) throws SQLException {
        return pool.<String, SQLException>run(reading(level), Server::of);
      }
    },
    USE {
      @Override
      String where(Pool pool, int level) throws SQLException {
        List<String> where = new ArrayList<>();
        pool.<SQLException>use(reading(level), c -> where.add(Server.of(c)));
        return where.get(0);
      }
    },
    IN_TRANSACTION {
      @Override
      String where(Pool pool, int level) throws SQLException {
        return pool.<String, SQLException>inTransaction(reading(level), Server::of);
      }
    },
    USE_TRANSACTION {
      @Override
      String where(Pool pool, int level) throws SQLException {
        List<String> where = new ArrayList<>();
        pool.<SQLException>useTransaction(reading(level), c -> where.add(Server.of(c)));
        return where.get(0);
      }
    },
    ON_A_READERS_CONNECTION {
      @Override
      String where(Pool pool, int level) throws SQLException {
        try (Connection connection = pool.reader().getConnection()) {
          return UnitRerunner.of(pool)
              .<String, SQLException>rerun(connection, reading(level), Server::of);
        }
      }
    },
    /** As Jdbi has it: the level is set, and then the unit begins. */
    ON_ONE_AT_THAT_LEVEL {
      @Override
      String where(Pool pool, int level) throws SQLException {
        try (Connection connection = pool.reader().getConnection()) {
          connection.setTransactionIsolation(level);
          String where =
              UnitRerunner.of(pool)
                  .<String, SQLException>rerun(connection, reading(level), Server::of);
          assertThat(connection.getTransactionIsolation()).isEqualTo(level);
          return where;
        }
      }
    },
    LENT_AT_THAT_LEVEL(true) {
      @Override
      String where(Pool pool, int level) throws SQLException {
        return pool.<String, SQLException>run(WorkOptions.READ_ONLY, Server::of);
      }
    },
    A_CONNECTION_LENT_AT_THAT_LEVEL(true) {
      @Override
      String where(Pool pool, int level) throws SQLException {
        try (Connection connection = pool.reader().getConnection()) {
          return Server.of(connection);
        }
      }
    };

    private final boolean byInterceptor;

    Way() {
      this(false);
    }

    Way(boolean byInterceptor) {
      this.byInterceptor = byInterceptor;
    }

    abstract String where(Pool pool, int level) throws SQLException;
  }

  private Pool open(Way way, int level, PoolConfig.Builder config, Server... readers)
      throws SQLException {
    return open(config, lentAt(way.byInterceptor ? level : 0), readers);
  }

  private static void nothingIsHeld(Pool pool) {
    assertThat(pool.snapshot().leased()).isZero();
    Await.until( // a reader is looked at on a worker
        () -> pool.readerSnapshots().stream().allMatch(each -> each.leased() == 0),
        "no connection to be held");
    assertThat(pool.readerSnapshots()).allSatisfy(each -> assertThat(each.closedTotal()).isZero());
  }

  // ---- where it goes

  @ParameterizedTest
  @EnumSource(Way.class)
  void theWriterDoesWhatNoReaderCan(Way way) throws SQLException {
    Pool pool = open(way, SERIALIZABLE, config(), one, two);
    for (int i = 0; i < 5; i++) {
      assertThat(way.where(pool, SERIALIZABLE)).isEqualTo("writer");
    }
    nothingIsHeld(pool);
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void aReaderThatCanDoesIt(Way way) throws SQLException {
    two.highestIsolation = SERIALIZABLE;
    Pool pool = open(way, SERIALIZABLE, config(), one, two);
    for (int i = 0; i < 5; i++) {
      assertThat(way.where(pool, SERIALIZABLE)).isEqualTo("two");
    }
    nothingIsHeld(pool);
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void whatItCanAReaderDoes(Way way) throws SQLException {
    Pool pool = open(way, REPEATABLE_READ, config(), one);
    assertThat(way.where(pool, REPEATABLE_READ)).isEqualTo("one");
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void withoutAFallbackItIsRefusedWithWhatToDo(Way way) throws SQLException {
    Pool pool = open(way, SERIALIZABLE, config().readerFallback(ReaderFallback.FAIL), one, two);
    String each = ": its server runs nothing at SERIALIZABLE, at REPEATABLE READ it would";
    assertThatThrownBy(() -> way.where(pool, SERIALIZABLE))
        .isInstanceOfSatisfying(
            SQLFeatureNotSupportedException.class,
            e -> assertThat(e.getSQLState()).isEqualTo("0A000"))
        .hasMessageStartingWith("Pool orders has no reader for ")
        .hasMessageContaining("orders-reader-1" + each)
        .hasMessageContaining("orders-reader-2" + each)
        .hasMessageEndingWith("With reader-fallback = writer the writer would do it");
    nothingIsHeld(pool);
  }

  /** Which may be one that can. */
  @Test
  void withoutAFallbackAReaderThatIsGoneIsWaitedFor() throws SQLException {
    two.goDown();
    Pool pool = open(config().readerFallback(ReaderFallback.FAIL), lentAt(0), one, two);
    Await.until(
        () -> pool.readerSnapshots().get(1).lastConnectError() != null, "the second to fail");
    WorkOptions brief = reading(SERIALIZABLE).withDeadline(Duration.ofMillis(300));
    assertThatThrownBy(() -> pool.<String, SQLException>run(brief, Server::of))
        .isInstanceOf(SQLTransientConnectionException.class)
        .hasMessageContaining("orders-reader-1: its server runs nothing at SERIALIZABLE")
        .hasMessageContaining("orders-reader-2: it can't be reached");
    two.highestIsolation = SERIALIZABLE;
    two.comeUp();
    assertThat(Way.RUN.where(pool, SERIALIZABLE)).isEqualTo("two");
  }

  // ---- what is known of a reader

  /** Nobody waits for a connection on which he could do nothing. */
  @Test
  void aReaderThatIsKnownIsNotWaitedFor() throws SQLException {
    Pool pool = open(config().maxSize(1), lentAt(0), one);
    assertThat(Way.RUN.where(pool, 0)).isEqualTo("one");
    try (Connection busy = pool.reader().getConnection()) {
      assertThat(Server.of(busy)).isEqualTo("one");
      assertThat(Way.RUN.where(pool, SERIALIZABLE)).isEqualTo("writer");
    }
  }

  /** Though nobody else reads there, and each session hears of it with an answer of its own. */
  @Test
  void aReaderThatIsPromotedIsFoundToBeSo() throws Exception {
    Pool pool = open(config().minSize(2), lentAt(0), one);
    Await.until(() -> one.sessions() == 2, "both its sessions");
    assertThat(Way.RUN.where(pool, SERIALIZABLE)).isEqualTo("writer");
    one.highestIsolation = SERIALIZABLE;
    Await.until(() -> Way.RUN.where(pool, SERIALIZABLE).equals("one"), "it to be found so");
    try (Connection first = pool.reader().getConnection()) {
      assertThat(Server.of(first)).isEqualTo("one");
      assertThat(Way.RUN.where(pool, SERIALIZABLE)).as("the other session").isEqualTo("one");
    }
  }

  /** Nor is it told to be left out: it serves all else. */
  @Test
  void itServesAllElse() throws SQLException {
    Pool pool = open(config(), lentAt(0), one);
    assertThat(Way.RUN.where(pool, SERIALIZABLE)).isEqualTo("writer");
    assertThat(Way.RUN.where(pool, 0)).isEqualTo("one");
    assertThat(Way.RUN.where(pool, REPEATABLE_READ)).isEqualTo("one");
  }

  // ---- run again

  @Test
  void aUnitThatLosesTheWriterGoesOnThere() throws SQLException {
    Pool pool = open(config(), lentAt(0), one);
    List<String> runs = new ArrayList<>();
    pool.<SQLException>use(
        reading(SERIALIZABLE),
        connection -> {
          runs.add(Server.of(connection));
          if (runs.size() == 1) {
            writer.endSessions();
          }
          runs.add(Server.of(connection));
        });
    assertThat(runs).containsExactly("writer", "writer", "writer");
  }

  /** And the other reader, which can't do it, doesn't get it in its place. */
  @Test
  void aUnitThatLosesTheReaderThatCouldGoesOnOnTheWriter() throws SQLException {
    two.highestIsolation = SERIALIZABLE;
    Pool pool = open(config(), lentAt(0), one, two);
    List<String> runs = new ArrayList<>();
    pool.<SQLException>use(
        reading(SERIALIZABLE),
        connection -> {
          runs.add(Server.of(connection));
          if (runs.size() == 1) {
            two.goDown();
          }
          runs.add(Server.of(connection));
        });
    assertThat(runs).containsExactly("two", "writer", "writer");
  }

  // ---- a framework's connection

  @Test
  void itsConnectionIsSetAsBeforeOnTheWriter() throws SQLException {
    Pool pool = open(config(), lentAt(0), one);
    try (Connection connection = pool.reader().getConnection()) {
      connection.setAutoCommit(false);
      String where =
          UnitRerunner.of(pool)
              .<String, SQLException>rerun(connection, reading(SERIALIZABLE), Server::of);
      assertThat(where).isEqualTo("writer");
      PooledConnection face = requireNonNull(PooledConnection.behind(connection));
      assertThat(face.current().readOnly()).as("read-only, though H2 doesn't say so").isTrue();
      assertThat(connection.getAutoCommit()).isFalse();
      connection.rollback();
    }
    nothingIsHeld(pool);
  }

  @Test
  void oneThatIsBoundToItsSessionStaysThereAndSaysSo() throws SQLException {
    Pool pool = open(config(), lentAt(0), one);
    try (Connection connection = pool.reader().getConnection();
        Statement open = connection.createStatement()) {
      assertThatThrownBy(
              () ->
                  UnitRerunner.of(pool)
                      .<String, SQLException>rerun(connection, reading(SERIALIZABLE), Server::of))
          .isInstanceOf(SQLFeatureNotSupportedException.class)
          .hasMessageContaining("orders-reader-1: its server runs nothing at SERIALIZABLE")
          .hasMessageEndingWith(
              "and the connection stays there, for a statement of it is still open");
      assertThat(open.execute("select 1")).isTrue();
    }
  }

  /** As Jdbi has it where its handle is lent for the transaction: that is a unit within one. */
  @Test
  void aPartOfAUnitGoesThereOnTheSameConnection() throws SQLException {
    Pool pool = open(config(), lentAt(0), one);
    List<String> runs = new ArrayList<>();
    pool.<SQLException>use(
        WorkOptions.READ_ONLY,
        connection -> {
          runs.add(Server.of(connection));
          runs.add(
              UnitRerunner.of(pool)
                  .<String, SQLException>rerun(connection, reading(SERIALIZABLE), Server::of));
          if (runs.size() == 2) {
            writer.endSessions();
          }
          runs.add(Server.of(connection));
        });
    // and is run again as a whole, from its beginning
    assertThat(runs.subList(0, 2)).containsExactly("one", "writer");
    assertThat(runs.subList(2, runs.size())).containsExactly("one", "writer", "writer");
    nothingIsHeld(pool);
  }

  /** Who is lent the reader's session next does nothing that would count as the unit's. */
  @Test
  void whatBecomesOfTheSessionThatItHasLeftIsNotItsOwn() throws SQLException {
    Pool pool = open(config(), lentAt(0), one);
    List<String> runs = new ArrayList<>();
    pool.<SQLException>use(
        WorkOptions.READ_ONLY,
        connection -> {
          runs.add(
              UnitRerunner.of(pool)
                  .<String, SQLException>rerun(connection, reading(SERIALIZABLE), Server::of));
          if (runs.size() == 1) {
            one.written = true;
            writer.endSessions();
          }
          runs.add(Server.of(connection));
        });
    assertThat(runs).containsExactly("writer", "writer", "writer");
  }

  /** The session is lost at the question whether its server was promoted. */
  @Test
  void whatIsLostBeforeItIsKnownGoesOnElsewhere() throws SQLException {
    Pool pool = open(config(), lentAt(0), one);
    try (Connection connection = pool.reader().getConnection()) {
      one.endSessions();
      assertThat(
              UnitRerunner.of(pool)
                  .<String, SQLException>rerun(connection, reading(SERIALIZABLE), Server::of))
          .isEqualTo("writer");
    }
  }

  @Test
  void aPartOfATransactionThatHasBegunStaysThere() throws SQLException {
    Pool pool = open(config(), lentAt(0), one);
    try (Connection connection = pool.reader().getConnection()) {
      one.inTransaction = true;
      assertThat(
              UnitRerunner.of(pool)
                  .<String, SQLException>rerun(connection, reading(SERIALIZABLE), Server::of))
          .isEqualTo("one");
      one.inTransaction = false;
    }
  }

  /** Of what is to be seen there he asks none that can't do it. */
  @Test
  void whatMustBeSeenIsSeenThereAsWell() throws SQLException {
    Pool pool = open(config(), lentAt(0), one, two);
    WorkOptions options = reading(SERIALIZABLE).after("0");
    assertThat(pool.<String, SQLException>run(options, Server::of)).isEqualTo("writer");
    try (Connection connection = pool.reader().getConnection()) {
      assertThat(UnitRerunner.of(pool).<String, SQLException>rerun(connection, options, Server::of))
          .isEqualTo("writer");
    }
    assertThat(one.positionAsked.get() + two.positionAsked.get()).isZero();
  }
}
