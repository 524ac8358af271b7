package io.everpool.postgresql.driver;

import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.ResetMode;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.postgresql.Sessions;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TypeInfo;
import org.postgresql.util.PGobject;

/** What the driver has learned of types by their names in one lease is not so in the next. */
@Tag("contract")
class DataTypesTest {
  private Connector connector;
  private PhysicalConnection session;

  /** How a program names a type. */
  enum Way {
    ARRAY("moods(m)") {
      @Override
      void set(PreparedStatement insert) throws SQLException {
        insert.setArray(1, insert.getConnection().createArrayOf("mood", new Object[] {"good"}));
      }
    },
    OBJECT("mine(m)") {
      @Override
      void set(PreparedStatement insert) throws SQLException {
        insert.setObject(1, mood());
      }
    },
    NULL("mine(m)") {
      @Override
      void set(PreparedStatement insert) throws SQLException {
        insert.setNull(1, Types.OTHER, "mood");
      }
    };

    private final String table;

    Way(String table) {
      this.table = table;
    }

    abstract void set(PreparedStatement insert) throws SQLException;

    void insert(Connection connection) throws SQLException {
      try (PreparedStatement insert =
          connection.prepareStatement("insert into " + table + " values (?)")) {
        set(insert);
        insert.execute();
      }
    }
  }

  private static PGobject mood() throws SQLException {
    PGobject mood = new PGobject();
    mood.setType("mood");
    mood.setValue("good");
    return mood;
  }

  @BeforeEach
  void connect() throws SQLException {
    connector =
        Sessions.connector(Sessions.tlsServer().libpqUrl() + "?sslmode=disable", config -> config);
    session = connector.open(Sessions.TIMEOUT);
    for (String schema : new String[] {"dt_a", "dt_b"}) {
      execute(session, "create schema " + schema);
      execute(session, "create type " + schema + ".mood as enum ('good')");
      execute(session, "create table " + schema + ".moods (m " + schema + ".mood[])");
      execute(session, "create table " + schema + ".mine (m " + schema + ".mood)");
    }
    execute(session, "create schema dt_c");
    execute(session, "create type dt_c.mood as (good int)");
    execute(session, "create type dt_c.int4 as enum ('good')");
    execute(session, "create table dt_c.odd (m dt_c.int4[])");
  }

  @AfterEach
  void disconnect() throws SQLException {
    session.jdbc().setAutoCommit(true);
    execute(session, "drop schema dt_a, dt_b, dt_c cascade");
    session.close();
    connector.close();
  }

  private void reset(ResetMode mode, String sql) throws SQLException {
    session.reset(mode, connector.sideEffects(sql));
  }

  /** A lease in that schema ends. */
  private void leave(String schema) throws SQLException {
    reset(ResetMode.SMART, "set search_path to " + schema);
  }

  @ParameterizedTest
  @EnumSource
  void aNameMeansTheTypeOfTheLeasesOwnSchema(Way way) throws SQLException {
    for (String schema : new String[] {"dt_a", "dt_b", "dt_a"}) {
      session.jdbc().setSchema(schema);
      way.insert(session.jdbc());
      leave(schema);
    }
  }

  @Test
  void discardAllAndWhatMayBeAnythingForgetThemToo() throws SQLException {
    session.jdbc().setSchema("dt_a");
    Way.ARRAY.insert(session.jdbc());
    reset(ResetMode.DISCARD_ALL, "select 1");
    session.jdbc().setSchema("dt_b");
    Way.ARRAY.insert(session.jdbc());
    session.reset(ResetMode.SMART, SideEffects.EXPOSED);
    session.jdbc().setSchema("dt_a");
    Way.ARRAY.insert(session.jdbc());
  }

  /** An enum is read as a text, a composite type is not. */
  @Test
  void aTypeIsCalledAndReadAsOnTheLeasesOwnPath() throws SQLException {
    session.jdbc().setSchema("dt_a");
    assertThat(read("select 'good'::dt_a.mood")).isEqualTo("mood good String");
    leave("dt_a");
    session.jdbc().setSchema("dt_c");
    assertThat(read("select 'good'::dt_a.mood")).isEqualTo("\"dt_a\".\"mood\" good String");
    assertThat(read("select row(1)::dt_c.mood")).isEqualTo("mood (1) PGobject");
  }

  /** A built-in type's name, too: its array's element is called so. */
  @Test
  void aTypeOfOnesOwnTakesNoBuiltInsPlace() throws SQLException {
    session.jdbc().setSchema("dt_c");
    execute(session, "insert into dt_c.odd values ('{good}')");
    try (Statement statement = session.jdbc().createStatement();
        ResultSet row = statement.executeQuery("select m from dt_c.odd")) {
      assertThat(row.next()).isTrue();
      assertThat(row.getArray(1).getBaseTypeName()).isEqualTo("int4");
    }
    leave("dt_c");
    PGobject number = new PGobject();
    number.setType("int4");
    number.setValue("1");
    try (PreparedStatement select = session.jdbc().prepareStatement("select ? + 1")) {
      select.setObject(1, number);
      try (ResultSet row = select.executeQuery()) {
        assertThat(row.next()).isTrue();
        assertThat(row.getInt(1)).isEqualTo(2);
      }
    }
  }

  private String read(String sql) throws SQLException {
    try (Statement statement = session.jdbc().createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      assertThat(row.next()).isTrue();
      Object value = row.getObject(1);
      return row.getMetaData().getColumnTypeName(1)
          + " "
          + value
          + " "
          + value.getClass().getSimpleName();
    }
  }

  /** It would cost the next lease a round trip for each of them. */
  @ParameterizedTest
  @ValueSource(strings = {"listen news", "set work_mem = '5MB'", "select pg_advisory_lock(1)"})
  void whatMovesNoNamesLeavesThemKnown(String sql) throws SQLException {
    execute(session, "create type public.dt_known as enum ('good')");
    try {
      session.jdbc().createArrayOf("dt_known", new Object[] {"good"});
      execute(session, "alter type dt_known rename to dt_other");
      reset(ResetMode.SMART, sql);
      session.jdbc().createArrayOf("dt_known", new Object[] {"good"}); // and asks nobody
    } finally {
      execute(session, "drop type if exists dt_known, dt_other");
    }
  }

  /** As enums are changed that lose a value. */
  @Test
  void aTypeThatWasMadeAnewIsFoundAfterOneFailure() throws SQLException {
    String select = "select count(*) from mine where m = ?";
    session.jdbc().setSchema("dt_a");
    for (Way way : new Way[] {Way.ARRAY, Way.OBJECT}) {
      way.insert(session.jdbc());
    }
    execute(
        session,
        "alter type mood rename to mood_old; create type mood as enum ('good', 'better');"
            + " alter table mine alter m type mood using m::text::mood;"
            + " alter table moods alter m type mood[] using m::text[]::mood[]");
    fails("42804", () -> Way.ARRAY.insert(session.jdbc()));
    Way.ARRAY.insert(session.jdbc());
    execute(
        session,
        "alter type mood rename to mood_older; create type mood as enum ('good');"
            + " alter table mine alter m type mood using m::text::mood");
    fails("42883", () -> count(select));
    assertThat(count(select)).isEqualTo(1);
  }

  private int count(String sql) throws SQLException {
    try (PreparedStatement select = session.jdbc().prepareStatement(sql)) {
      select.setObject(1, mood());
      try (ResultSet row = select.executeQuery()) {
        assertThat(row.next()).isTrue();
        return row.getInt(1);
      }
    }
  }

  /** Before its migration has run, say. */
  @Test
  void aTypeThatWasMissingIsFoundWhenItIsThere() throws SQLException {
    PGobject late = new PGobject();
    late.setType("dt_late");
    late.setValue("good");
    try (PreparedStatement select = session.jdbc().prepareStatement("select ?::text")) {
      fails("07006", () -> select.setObject(1, late));
      fails("42602", () -> session.jdbc().createArrayOf("dt_late", new Object[] {"good"}));
      execute(session, "create type public.dt_late as enum ('good')");
      try {
        session.jdbc().createArrayOf("dt_late", new Object[] {"good"});
        select.setObject(1, late);
        select.execute();
      } finally {
        execute(session, "drop type public.dt_late");
      }
    }
  }

  interface Call {
    void run() throws SQLException;
  }

  /** And the pool tells the adapter of it, as of each failure. */
  private void fails(String state, Call call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            SQLException.class,
            e -> {
              assertThat(e.getSQLState()).isEqualTo(state);
              assertThat((Object) session.explained(e, SideEffects.NONE)).isSameAs(e);
            });
  }

  /** Of another make, such as a later version's: such a connection isn't lent again. */
  @Test
  void whereTheyAreHiddenTheyCannotBeTakenBack() throws SQLException {
    Connection real = PgjdbcInternals.within(session.jdbc());
    Connection hiding =
        (Connection)
            Proxy.newProxyInstance(
                BaseConnection.class.getClassLoader(),
                new Class<?>[] {BaseConnection.class},
                (proxy, method, arguments) ->
                    method.getName().equals("getTypeInfo")
                        ? Proxy.newProxyInstance(
                            BaseConnection.class.getClassLoader(),
                            new Class<?>[] {TypeInfo.class},
                            (cache, asked, with) -> null)
                        : method.invoke(real, arguments));
    DataTypes types = new DataTypes(hiding);
    types.doubtNames(new SQLException("of another type", "42804"));
    assertThat(types.haveClassesAsAtFirst()).isFalse();
    assertThatThrownBy(types::forgetNames).hasMessageContaining("data types");
    assertThat(ask(session, "select 1")).isEqualTo("1");
  }
}
