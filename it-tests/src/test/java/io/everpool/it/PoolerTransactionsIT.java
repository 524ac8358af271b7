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
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.largeobject.LargeObjectManager;
import org.postgresql.util.PGobject;

/**
 * Behind a real PgBouncer: what the driver sends or asks by itself is in a transaction as it was
 * set, read-only and in its schema, as it is on a server.
 */
@Timeout(180)
@Tag("one-jdk")
class PoolerTransactionsIT {
  private static @Nullable PgBouncer bouncer;

  @BeforeAll
  static void start() {
    // the other one is no place for getMetaData(): up to 42.7.14 pgjdbc prepares for that by name
    PgBouncer.Kind kind = PgBouncer.Kind.KEEPS_TRACK;
    assumeTrue(kind.isAvailable(), kind.missing());
    bouncer = kind.before(Db.server(), "transaction", Map.of("default_pool_size", "2"));
    Db.server()
        .execute(
            "create table pooler_log (i int); grant all on pooler_log to public;"
                + " create schema pooler_moods; grant all on schema pooler_moods to public;"
                + " create type pooler_moods.mood as enum ('glad', 'sad');"
                + " create table pooler_moods.moods (m pooler_moods.mood);"
                + " grant all on pooler_moods.moods to public;"
                // pgjdbc takes the newest where none is in the path
                + " create schema pooler_others; grant all on schema pooler_others to public;"
                + " create type pooler_others.mood as enum ('neither')");
    Db.server().execute(GUARDS);
  }

  /** What asks for a transaction that only reads where no text of the program's does. */
  private static final String GUARDS =
      """
      create function pooler_guard_config() returns text language sql
        as $$ select set_config('transaction_read_only', 'on', true) $$;
      create function pooler_guard_set() returns void language plpgsql
        as $$ begin set transaction read /* and not write */ only; end $$;
      create function pooler_guard_local() returns void language plpgsql
        as $$ begin set local Transaction_Read_Only = on; end $$;
      create function pooler_guard_behind() returns void language plpgsql
        as $$ begin perform pooler_guard_set(); end $$;
      create procedure pooler_guard_called() language plpgsql
        as $$ begin set transaction read only; end $$;
      create view pooler_guard_view as select pooler_guard_config();
      grant all on pooler_guard_view to public;
      create table pooler_guarded (i int);
      grant all on pooler_guarded to public;
      create function pooler_guard_fired() returns trigger language plpgsql
        as $$ begin perform set_config('transaction_read_only', 'on', true); return new; end $$;
      create trigger pooler_guard after insert on pooler_guarded
        for each row execute function pooler_guard_fired()""";

  private static final String NO_GUARDS =
      "drop view pooler_guard_view; drop table pooler_guarded;"
          + " drop procedure pooler_guard_called; drop function pooler_guard_config,"
          + " pooler_guard_set, pooler_guard_local, pooler_guard_behind, pooler_guard_fired";

  @AfterAll
  static void stop() {
    if (bouncer != null) {
      bouncer.close();
      bouncer = null;
      Db.server().execute("drop table pooler_log; drop schema pooler_moods, pooler_others cascade");
      Db.server().execute(NO_GUARDS);
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

  /** One transaction after the other takes no writes by the driver's own object, and reads. */
  private static void assertEachRefuses(Connection connection, PGConnection own)
      throws SQLException {
    for (int i = 0; i < 2; i++) {
      assertRefused(() -> copy(own));
      connection.rollback();
      assertRefused(() -> largeObject(own));
      connection.rollback();
      assertThat(Db.ask(connection, "select 1")).isEqualTo("1");
      connection.commit();
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
        assertEachRefuses(connection, own);
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

  @ParameterizedTest
  @EnumSource
  void soDoesEachOfAUnitThatGoesOn(Way way) throws SQLException {
    try (Pool pool = way.open()) {
      pool.<SQLException>useTransaction(
          WorkOptions.READ_ONLY,
          connection -> {
            PGConnection own = connection.unwrap(PGConnection.class);
            assertEachRefuses(connection, own);
          });
      assertThat(pool.snapshot().opened()).isOne();
    }
    assertThat(rows()).isEqualTo("0");
  }

  /** A value whose type is known by its name. */
  private static PGobject glad() throws SQLException {
    PGobject glad = new PGobject();
    glad.setType("mood");
    glad.setValue("glad");
    return glad;
  }

  /** What makes pgjdbc ask, and what is told by it. */
  enum Question {
    PARAMETERS {
      @Override
      String of(Connection c) throws SQLException {
        try (PreparedStatement p = c.prepareStatement("insert into moods values (?)")) {
          return p.getParameterMetaData().getParameterTypeName(1);
        }
      }
    },
    COLUMNS {
      @Override
      String of(Connection c) throws SQLException {
        try (PreparedStatement p = c.prepareStatement("select m from moods")) {
          return p.getMetaData().getColumnTypeName(1);
        }
      }
    },
    COLUMNS_OF_A_CALL {
      @Override
      String of(Connection c) throws SQLException {
        try (CallableStatement p = c.prepareCall("select m from moods")) {
          return p.getMetaData().getColumnTypeName(1);
        }
      }
    },
    ARRAY {
      @Override
      String of(Connection c) throws SQLException {
        return c.createArrayOf("mood", new String[] {"glad"}).getBaseTypeName();
      }
    },
    ARRAY_OF_ANOTHERS {
      @Override
      String of(Connection c) throws SQLException {
        try (Connection other = direct();
            PreparedStatement p = c.prepareStatement("select (?)[1]::text")) {
          other.setSchema("pooler_moods");
          p.setArray(1, other.createArrayOf("mood", new String[] {"glad"}));
          return read(p);
        }
      }
    },
    NULL {
      @Override
      String of(Connection c) throws SQLException {
        try (PreparedStatement p = c.prepareStatement(SCHEMA_OF_TYPE)) {
          p.setNull(1, Types.OTHER, "mood");
          return read(p);
        }
      }
    },
    OBJECT {
      @Override
      String of(Connection c) throws SQLException {
        try (PreparedStatement p = c.prepareStatement(SCHEMA_OF_TYPE)) {
          p.setObject(1, glad());
          return read(p);
        }
      }
    };

    private static final String SCHEMA_OF_TYPE =
        "select typnamespace::regnamespace::text from pg_type where oid = pg_typeof(?)";

    abstract String of(Connection connection) throws SQLException;

    private static Connection direct() throws SQLException {
      return DriverManager.getConnection(
          Db.server().jdbcUrl(), Db.server().user(), Db.server().password());
    }

    private static String read(PreparedStatement statement) throws SQLException {
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getString(1);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void itIsAskedInTheSchemaOfTheTransaction(Question question) throws SQLException {
    Map<Way, String> told = new HashMap<>();
    for (Way way : Way.values()) {
      try (LogCapture log = LogCapture.open();
          Pool pool = way.open()) {
        try (Connection connection = pool.getConnection()) {
          connection.setSchema("pooler_moods");
          connection.setAutoCommit(false);
          told.put(way, question.of(connection));
          connection.rollback();
          assertThat(question.of(connection)).isEqualTo(told.get(way));
          connection.commit();
        }
        assertThat(log.alarms()).noneMatch(line -> line.contains("open transaction"));
      }
    }
    assertThat(told.get(Way.POOLER)).isEqualTo(told.get(Way.SERVER)).containsAnyOf("mood", "glad");
  }

  /**
   * There is no transaction that it could be asked in but one of its own. What the type is called
   * is asked for behind that, and outside of its schema it has its full name.
   */
  @ParameterizedTest
  @EnumSource(names = {"PARAMETERS", "COLUMNS", "COLUMNS_OF_A_CALL", "ARRAY"})
  void soItIsInAutocommit(Question question) throws SQLException {
    for (Way way : Way.values()) {
      try (LogCapture log = LogCapture.open();
          Pool pool = way.open()) {
        try (Connection connection = pool.getConnection()) {
          connection.setSchema("pooler_moods");
          for (int i = 0; i < 2; i++) {
            assertThat(question.of(connection)).isIn("mood", "\"pooler_moods\".\"mood\"");
          }
          assertThat(connection.getAutoCommit()).isTrue();
        }
        assertThat(log.alarms()).noneMatch(line -> line.contains("open transaction"));
        assertThat(pool.snapshot().opened()).isOne();
      }
    }
  }

  /** A value that was bound in autocommit is of the type that it is in the transaction. */
  @ParameterizedTest
  @EnumSource
  void whatIsBoundInAutocommitIsOfTheSchemasType(Way way) throws SQLException {
    try (LogCapture log = LogCapture.open();
        Pool pool = way.open()) {
      try (Connection connection = pool.getConnection()) {
        connection.setSchema("pooler_moods");
        connection.setAutoCommit(false);
        assertThat(Db.ask(connection, "select 1")).isEqualTo("1");
        connection.commit();
        connection.setAutoCommit(true);
        try (PreparedStatement array = connection.prepareStatement(Question.SCHEMA_OF_TYPE);
            PreparedStatement object = connection.prepareStatement(Question.SCHEMA_OF_TYPE);
            PreparedStatement none = connection.prepareStatement(Question.SCHEMA_OF_TYPE)) {
          array.setArray(1, connection.createArrayOf("mood", new String[] {"glad"}));
          object.setObject(1, glad());
          none.setNull(1, Types.OTHER, "mood");
          connection.setAutoCommit(false);
          for (PreparedStatement each : List.of(array, object, none)) {
            assertThat(Question.read(each)).isEqualTo("pooler_moods");
          }
          connection.rollback();
          connection.setAutoCommit(true);
          assertThatThrownBy(() -> connection.createArrayOf("no_mood", new String[] {"glad"}))
              .isInstanceOf(SQLException.class);
          assertThat(connection.createArrayOf("mood", new String[] {"glad"}).getBaseTypeName())
              .isIn("mood", "\"pooler_moods\".\"mood\"");
        }
      }
      assertThat(log.alarms()).noneMatch(line -> line.contains("open transaction"));
      assertThat(pool.snapshot().opened()).isOne();
    }
  }

  /** Elsewhere it sends nothing that would have to be ended. */
  @Test
  void anArrayLeavesNoTransactionOpen() throws SQLException {
    try (LogCapture log = LogCapture.open();
        Pool pool = Way.POOLER.open()) {
      try (Connection connection = pool.getConnection()) {
        connection.setSchema("pooler_moods");
        connection.setAutoCommit(false);
        connection.createArrayOf("mood", new String[] {"glad"});
        connection.setSchema("pooler_others");
        connection.createArrayOf("text", new String[] {"glad"});
      }
      assertThat(log.alarms()).noneMatch(line -> line.contains("open transaction"));
    }
  }

  /** What the driver has learned of one tenant's types says nothing of the next one's. */
  @ParameterizedTest
  @EnumSource
  void eachTenantHasTypesOfHisOwn(Way way) throws SQLException {
    try (Pool pool = way.open()) {
      for (int i = 0; i < 3; i++) {
        for (String tenant : List.of("pooler_moods", "pooler_others")) {
          String type =
              pool.inTransaction(
                  c -> {
                    c.setSchema(tenant);
                    try (PreparedStatement ask = c.prepareStatement("select pg_typeof(?)::text")) {
                      PGobject mood = new PGobject();
                      mood.setType("mood");
                      mood.setValue(tenant.endsWith("moods") ? "glad" : "neither");
                      ask.setObject(1, mood);
                      ResultSet rows = ask.executeQuery();
                      rows.next();
                      return rows.getString(1)
                          + " of "
                          + Db.ask(
                              c,
                              "select typnamespace::regnamespace from pg_type where oid = '"
                                  + "mood'::regtype");
                    }
                  });
          assertThat(type).isEqualTo("mood of " + tenant);
        }
      }
    }
  }

  private static final List<String> READ_ONLY_BY_TEXT =
      List.of(
          "set transaction read only",
          "set local transaction_read_only = on",
          "select set_config('transaction_read_only', 'on', true)");

  /** It is the program's own mistake, and nothing of the server's. */
  @ParameterizedTest
  @EnumSource
  void aWriteThatATextOfTheProgramsForbidsIsItsOwnFailure(Way way) throws SQLException {
    try (Pool pool = way.open()) {
      for (String text : READ_ONLY_BY_TEXT) {
        AtomicInteger runs = new AtomicInteger();
        assertRefused(
            () ->
                pool.inTransaction(
                    c -> {
                      runs.incrementAndGet();
                      c.createStatement().execute(text);
                      return c.createStatement().execute("insert into pooler_log values (1)");
                    }));
        assertThat(runs).as(text).hasValue(1);
      }
      try (Connection connection = pool.getConnection()) {
        connection.createStatement().execute("begin read only");
        assertRefused(
            () -> connection.createStatement().execute("insert into pooler_log values (1)"));
        connection.createStatement().execute("rollback");
      }
      assertThat(pool.snapshot().opened()).isOne();
    }
  }

  /** So it is where a function, a procedure or a trigger of the database's forbids it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "select pooler_guard_config()",
        "select pooler_guard_set()",
        "select pooler_guard_local()",
        "select pooler_guard_behind()",
        "call pooler_guard_called()",
        "select * from pooler_guard_view",
        "insert into pooler_guarded values (1)"
      })
  void soIsOneThatTheDatabaseForbids(String text) throws SQLException {
    for (Way way : Way.values()) {
      try (Pool pool = way.open()) {
        AtomicInteger runs = new AtomicInteger();
        assertThatThrownBy(
                () ->
                    pool.inTransaction(
                        c -> {
                          runs.incrementAndGet();
                          c.createStatement().execute(text);
                          return c.createStatement().execute("insert into pooler_log values (1)");
                        }))
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25006"))
            .hasMessageNotContaining("takes no writes on this connection any more");
        assertThat(runs).as(way.name()).hasValue(1);
        assertThat(pool.snapshot().opened()).as(way.name()).isOne();
      }
    }
  }
}
