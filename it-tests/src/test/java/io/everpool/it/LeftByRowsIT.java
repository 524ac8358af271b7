package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the triggers, defaults and checks of a table set in the session isn't there for the next
 * borrower, though no text of the program has written to it: the driver makes the statement of a
 * row that is written in a result set, and the program has only sent the query.
 */
class LeftByRowsIT {

  @BeforeAll
  static void build() {
    for (String sql :
        List.of(
            "create schema lr",
            "create function lr.on_write() returns trigger language plpgsql as"
                + " $$ begin perform set_config('app.tenant', 'a', false);"
                + " return case tg_op when 'DELETE' then old else new end; end $$",
            "create table lr.before_row (id int primary key, note text)",
            "create trigger t before insert or update or delete on lr.before_row for each row"
                + " execute function lr.on_write()",
            "create table lr.after_statement (id int primary key, note text)",
            "create trigger t after insert or update or delete on lr.after_statement"
                + " execute function lr.on_write()",
            "create table lr.deferred (id int primary key, note text)",
            "create constraint trigger t after insert or update or delete on lr.deferred"
                + " deferrable initially deferred for each row execute function lr.on_write()",
            "create table lr.parted (id int primary key, note text) partition by range (id)",
            "create table lr.part partition of lr.parted for values from (0) to (100)",
            "create trigger t before insert or update or delete on lr.part for each row"
                + " execute function lr.on_write()",
            "create table lr.defaulted (id int primary key, note text,"
                + " tenant text default set_config('app.tenant', 'a', false))",
            "create table lr.checked (id int primary key, note text,"
                + " check (set_config('app.tenant', 'a', false) is not null))",
            "create table lr.parent (id int primary key, note text)",
            "create table lr.child (id int references lr.parent on delete cascade)",
            "create trigger t after delete on lr.child for each row"
                + " execute function lr.on_write()",
            "insert into lr.parent values (1, 'there')",
            "insert into lr.child values (1)")) {
      Db.server().execute(sql);
    }
    for (String table : tables()) {
      Db.server().execute("insert into " + table + " values (2, 'there'), (3, 'there')");
    }
    Db.server().execute("grant usage on schema lr to public");
    Db.server().execute("grant all on all tables in schema lr to public");
  }

  private static List<String> tables() {
    return List.of(
        "lr.before_row",
        "lr.after_statement",
        "lr.deferred",
        "lr.parted",
        "lr.defaulted",
        "lr.checked");
  }

  /** Other tests want no warnings in their logs. */
  @AfterAll
  static void dropIt() {
    Db.server().execute("drop schema lr cascade");
  }

  private enum Write {
    INSERT {
      @Override
      void by(ResultSet rows) throws SQLException {
        rows.moveToInsertRow();
        rows.updateInt("id", 1);
        rows.updateString("note", "new");
        rows.insertRow();
      }
    },
    UPDATE {
      @Override
      void by(ResultSet rows) throws SQLException {
        rows.next();
        rows.updateString("note", "other");
        rows.updateRow();
      }
    },
    DELETE {
      @Override
      void by(ResultSet rows) throws SQLException {
        rows.next();
        rows.deleteRow();
      }
    };

    abstract void by(ResultSet rows) throws SQLException;
  }

  static Stream<Arguments> writes() {
    Stream<Arguments> all =
        tables().stream()
            .filter(table -> !table.equals("lr.defaulted") && !table.equals("lr.checked"))
            .flatMap(table -> Stream.of(Write.values()).map(write -> Arguments.of(table, write)));
    return Stream.concat(
        all,
        Stream.of(
            Arguments.of("lr.defaulted", Write.INSERT),
            Arguments.of("lr.checked", Write.INSERT),
            Arguments.of("lr.checked", Write.UPDATE),
            Arguments.of("lr.parent", Write.DELETE)));
  }

  @ParameterizedTest
  @MethodSource("writes")
  void theNextBorrowerIsNobody(String table, Write write) throws SQLException {
    try (Pool pool = Everpool.open(Db.config("left-by-rows").minSize(1).maxSize(1).build())) {
      int session;
      try (Connection connection = pool.getConnection();
          Statement statement =
              connection.createStatement(
                  ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
        session = Db.pid(connection);
        ResultSet rows = statement.executeQuery("select id, note from " + table + " order by id");
        assertThat(tenant(connection)).as("the query alone").isIn("", "null");
        write.by(rows);
        assertThat(tenant(connection)).isEqualTo("a");
      }
      try (Connection connection = pool.getConnection()) {
        assertThat(tenant(connection)).isIn("", "null");
        assertThat(Db.pid(connection)).isEqualTo(session);
      }
    }
  }

  private static String tenant(Connection connection) throws SQLException {
    return Db.ask(connection, "select current_setting('app.tenant', true)");
  }
}
