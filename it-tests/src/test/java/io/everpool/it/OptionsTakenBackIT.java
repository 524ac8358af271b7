package io.everpool.it;

import static java.sql.Connection.TRANSACTION_READ_COMMITTED;
import static java.sql.Connection.TRANSACTION_REPEATABLE_READ;
import static java.sql.Connection.TRANSACTION_SERIALIZABLE;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.core.Everpool;
import io.everpool.servers.PgBouncer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * What a unit's options have asked of a program's own connection is taken back when the unit is
 * over: the later transactions of the same lease are as they would have been without it. {@code
 * -Dtests.sample=N} plays every N-th cell.
 */
@Timeout(180)
@Tag("one-jdk")
class OptionsTakenBackIT {
  private static final int SAMPLE = Integer.getInteger("tests.sample", 1);

  private static @Nullable PgBouncer bouncer;

  @BeforeAll
  static void start() {
    PgBouncer.Kind kind = PgBouncer.Kind.KEEPS_TRACK;
    bouncer =
        kind.isAvailable()
            ? kind.before(Db.server(), "transaction", Map.of("default_pool_size", "2"))
            : null;
  }

  @AfterAll
  static void stop() {
    if (bouncer != null) {
      bouncer.close();
      bouncer = null;
    }
  }

  /** Behind what the transactions are. */
  enum Kind {
    SERVER,
    /** A driver of which only JDBC is known. */
    PLAIN,
    POOLER;

    private Pool open() throws SQLException {
      PoolConfig.Builder config =
          this == POOLER
              ? Db.config("options", requireNonNull(bouncer).jdbcUrl())
              : Db.config("options");
      config.minSize(1).maxSize(1);
      return this == PLAIN
          ? Everpool.builder(config.build()).dataSource(source()).open()
          : Everpool.open(config.build());
    }
  }

  /** What a unit asks for. */
  enum Option {
    ISOLATION(WorkOptions.DEFAULT.withIsolation(TRANSACTION_SERIALIZABLE)),
    READ_ONLY(WorkOptions.READ_ONLY),
    DEADLINE(WorkOptions.DEFAULT.withDeadline(Duration.ofMinutes(1))),
    ALL(
        WorkOptions.READ_ONLY
            .withIsolation(TRANSACTION_SERIALIZABLE)
            .withDeadline(Duration.ofMinutes(1)));

    private final WorkOptions options;

    Option(WorkOptions options) {
      this.options = options;
    }
  }

  /** Where the unit is on the program's connection. */
  enum Where {
    /** Autocommit, and so is each statement of the unit. */
    AUTOCOMMIT,
    /** A transaction of the unit's own. */
    OWN_TRANSACTION,
    /** Autocommit was off before, and nothing was sent. */
    PROGRAMS_TRANSACTION,
    /** As that, and the program's transaction goes on behind the unit. */
    PROGRAMS_TRANSACTION_GOES_ON,
    /** A part of a unit, before that has sent anything. */
    PART,
    /** A part of a unit that has sent something: too late for its options. */
    LATE_PART,
    /** A part of a unit that has options as well, and ends in the same transaction. */
    PART_OF_ONE_WITH_OPTIONS
  }

  /** How the unit ends. */
  enum End {
    COMMIT,
    ROLLBACK,
    FAILURE
  }

  /** What is so of a new transaction. */
  private record Seen(String level, String readOnly, int jdbcLevel, boolean jdbcReadOnly) {
    static Seen by(Connection connection) throws SQLException {
      boolean autoCommit = connection.getAutoCommit();
      connection.setAutoCommit(false);
      String level = Db.ask(connection, "show transaction_isolation");
      String readOnly = Db.ask(connection, "show transaction_read_only");
      connection.rollback();
      connection.setAutoCommit(autoCommit);
      return new Seen(
          level, readOnly, connection.getTransactionIsolation(), connection.isReadOnly());
    }
  }

  static Stream<Arguments> all() {
    List<Arguments> all = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      for (Option option : Option.values()) {
        for (Where where : Where.values()) {
          for (End end : End.values()) {
            all.add(Arguments.of(kind, option, where, end));
          }
        }
      }
    }
    return IntStream.range(0, all.size()).filter(i -> i % SAMPLE == 0).mapToObj(all::get);
  }

  private static DataSource source() {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setUrl(Db.server().jdbcUrl());
    source.setUser(Db.server().user());
    source.setPassword(Db.server().password());
    return source;
  }

  private static final class Own extends SQLException {
    private static final long serialVersionUID = 1L;
  }

  private static int end(Connection connection, End end) throws SQLException {
    switch (end) {
      case COMMIT -> connection.commit();
      case ROLLBACK -> connection.rollback();
      case FAILURE -> throw new Own();
    }
    return 1;
  }

  private static void unit(
      Pool pool, Connection connection, WorkOptions options, Work<Integer, SQLException> work) {
    Throwable thrown =
        catchThrowable(
            () -> UnitRerunner.of(pool).<Integer, SQLException>rerun(connection, options, work));
    assertThat(thrown == null || thrown instanceof Own).as("%s", thrown).isTrue();
  }

  private static int query(Connection connection) throws SQLException {
    Db.ask(connection, "select 1");
    return 1;
  }

  @ParameterizedTest
  @MethodSource("all")
  void theLaterTransactionsOfTheLeaseAreAsWithoutIt(Kind kind, Option option, Where where, End end)
      throws SQLException {
    assumeTrue(kind != Kind.POOLER || bouncer != null, PgBouncer.Kind.KEEPS_TRACK.missing());
    try (Pool pool = kind.open()) {
      try (Connection connection = pool.getConnection()) {
        connection.setTransactionIsolation(TRANSACTION_REPEATABLE_READ);
        Seen before = Seen.by(connection);
        assertThat(before.level).isEqualTo("repeatable read");
        play(pool, connection, option.options, where, end, before);
        assertThat(Seen.by(connection)).isEqualTo(before);
      }
      try (Connection next = pool.getConnection()) {
        assertThat(next.getAutoCommit()).isTrue();
        assertThat(Seen.by(next))
            .isEqualTo(new Seen("read committed", "off", TRANSACTION_READ_COMMITTED, false));
      }
    }
  }

  private static void play(
      Pool pool, Connection connection, WorkOptions options, Where where, End end, Seen before)
      throws SQLException {
    switch (where) {
      case AUTOCOMMIT ->
          unit(pool, connection, options, c -> end == End.FAILURE ? end(c, end) : query(c));
      case OWN_TRANSACTION ->
          unit(
              pool,
              connection,
              options,
              c -> {
                c.setAutoCommit(false);
                query(c);
                try {
                  end(c, end);
                } finally {
                  if (end == End.FAILURE) {
                    c.rollback();
                  }
                  c.setAutoCommit(true);
                }
                return 1;
              });
      case PROGRAMS_TRANSACTION -> {
        connection.setAutoCommit(false);
        unit(
            pool,
            connection,
            options,
            c -> {
              query(c);
              return end(c, end);
            });
        connection.rollback();
        connection.setAutoCommit(true);
      }
      case PROGRAMS_TRANSACTION_GOES_ON -> {
        connection.setAutoCommit(false);
        unit(pool, connection, options, c -> end == End.FAILURE ? end(c, end) : query(c));
        query(connection);
        if (end == End.COMMIT) {
          connection.commit();
        } else {
          connection.rollback();
        }
        connection.setAutoCommit(true);
      }
      case PART_OF_ONE_WITH_OPTIONS -> {
        connection.setAutoCommit(false);
        unit(
            pool,
            connection,
            WorkOptions.READ_ONLY,
            outer -> {
              unit(pool, outer, options, c -> end == End.FAILURE ? end(c, end) : query(c));
              return query(outer);
            });
        query(connection);
        connection.commit();
        query(connection);
        connection.rollback();
        connection.setAutoCommit(true);
      }
      case PART, LATE_PART ->
          unit(
              pool,
              connection,
              WorkOptions.DEFAULT,
              outer -> {
                outer.setAutoCommit(false);
                if (where == Where.LATE_PART) {
                  query(outer);
                }
                try {
                  unit(pool, outer, options, c -> end == End.FAILURE ? end(c, end) : query(c));
                  query(outer);
                  end(outer, end);
                  assertThat(Seen.by(outer)).as("within the unit around it").isEqualTo(before);
                  return 1;
                } finally {
                  if (end == End.FAILURE) {
                    outer.rollback();
                  }
                  outer.setAutoCommit(true);
                }
              });
    }
  }
}
