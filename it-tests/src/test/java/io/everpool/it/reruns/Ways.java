package io.everpool.it.reruns;

import static io.everpool.it.reruns.Step.Effect.ALONE;
import static io.everpool.it.reruns.Step.Effect.AUTOCOMMIT_OFF;
import static io.everpool.it.reruns.Step.Effect.AUTOCOMMIT_ON;
import static io.everpool.it.reruns.Step.Effect.BEGIN;
import static io.everpool.it.reruns.Step.Effect.COMMIT;
import static io.everpool.it.reruns.Step.Effect.COMMIT_LOOKED_UP;
import static io.everpool.it.reruns.Step.Effect.NOTHING;
import static io.everpool.it.reruns.Step.Effect.ROLLBACK;
import static io.everpool.it.reruns.Step.Effect.WRITE;
import static io.everpool.it.reruns.Way.Mode.AUTOCOMMIT;
import static io.everpool.it.reruns.Way.Mode.TRANSACTION;
import static io.everpool.it.reruns.Way.anywhere;
import static io.everpool.it.reruns.Way.in;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.everpool.it.reruns.Step.Effect;
import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.List;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.jdbc.PgResultSet;
import org.postgresql.jdbc.PgStatement;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;

/** Every way to write, commit, roll back and begin that somebody has thought of. */
final class Ways {

  static final List<String> SCHEMA =
      List.of(
          "create table ledger (id serial primary key, key text not null)",
          "create index on ledger (key)",
          "create function enter(k text) returns void language plpgsql as"
              + " $$ begin insert into ledger (key) values (k); end $$",
          "create procedure book(k text) language plpgsql as"
              + " $$ begin insert into ledger (key) values (k); end $$",
          "create procedure book_and_commit(k text) language plpgsql as"
              + " $$ begin insert into ledger (key) values (k); commit; end $$");

  static final String TWO_PHASES = "in two phases";

  private static final String INSERT = "insert into ledger (key) values ('%s')";

  private Ways() {}

  static List<Way> all() {
    return List.of(
        anywhere("a statement", 1, write(INSERT)),
        anywhere(
            "in capitals, behind comments",
            1,
            write("/* ; commit */ -- end;\n INSERT INTO ledger (key) VALUES ('%s')")),
        anywhere("two in one text", 2, write(INSERT + ";" + INSERT)),
        anywhere("two statements", 2, write(INSERT), write(INSERT)),
        anywhere(
            "a literal that looks like a commit",
            1,
            write("insert into ledger (key) select '%s' where '; commit;' <> ''")),
        anywhere("returning", 1, write(INSERT + " returning id")),
        anywhere("with", 1, write("with x as (" + INSERT + " returning id) select * from x")),
        anywhere("a function", 1, write("select enter('%s')")),
        anywhere("a procedure", 1, write("call book('%s')")),
        anywhere("DO, with \"; end\" in its body", 1, write("do $$ begin " + INSERT + "; end $$")),
        anywhere(
            "a query, then a write",
            1,
            write("select count(*) from ledger where key = '%s'"),
            write(INSERT)),
        anywhere(
            "prepared, by name",
            2,
            new Step("prepared", WRITE, Ways::prepared),
            new Step("again", WRITE, Ways::prepared)),
        anywhere("a callable", 1, new Step("call", WRITE, Ways::callable)),
        anywhere("a batch", 2, new Step("batch", WRITE, Ways::batch)),
        anywhere("a prepared batch", 3, new Step("batch", WRITE, Ways::preparedBatch)),
        anywhere("an updatable result set", 1, new Step("insertRow", WRITE, Ways::insertRow)),
        anywhere("COPY", 1, new Step("copy", WRITE, Ways::copy)),
        anywhere(
            "the driver's own object",
            1,
            new Step("its insert", WRITE, (c, key) -> execute(driver(c), INSERT, key))),
        in(TRANSACTION, "fastpath", 1, new Step("lo_creat", WRITE, Ways::fastpath), write(INSERT)),
        in(
            TRANSACTION,
            "a large object",
            1,
            new Step("large object", WRITE, Ways::largeObject),
            write(INSERT)),
        in(
            TRANSACTION,
            "a large object as a parameter",
            1,
            new Step("setBlob and insert", WRITE, Ways::parameter)),
        in(
            TRANSACTION,
            "a cursor",
            1,
            write("declare c cursor for select 1"),
            write("fetch c"),
            write(INSERT)),
        // transactions begun and ended within a unit
        in(AUTOCOMMIT, "by JDBC", 1, off(), write(INSERT), commit(), on()),
        in(
            AUTOCOMMIT,
            "by JDBC, committed by setAutoCommit(true)",
            1,
            off(),
            write(INSERT),
            new Step("autocommit on", COMMIT_LOOKED_UP, (c, key) -> c.setAutoCommit(true))),
        in(
            AUTOCOMMIT,
            "by JDBC, rolled back",
            1,
            off(),
            write(INSERT),
            rollback(),
            write(INSERT),
            commit(),
            on()),
        in(AUTOCOMMIT, "by text", 1, begin("begin"), write(INSERT), commit("commit")),
        in(
            AUTOCOMMIT,
            "by text, otherwise",
            1,
            begin("START  TRANSACTION"),
            write(INSERT),
            commit("/* so */ END")),
        in(
            AUTOCOMMIT,
            "by text, rolled back",
            0,
            begin("Begin Work"),
            write(INSERT),
            text(ROLLBACK, "abort")),
        in(
            AUTOCOMMIT,
            "all in one text",
            1,
            new Step(
                "begin; insert; commit",
                ALONE,
                (c, key) -> execute(c, "begin; " + INSERT + "; commit", key))),
        in(
            AUTOCOMMIT,
            "CALL with COMMIT inside",
            1,
            new Step("call", ALONE, (c, key) -> execute(c, "call book_and_commit('%s')", key))),
        in(
            AUTOCOMMIT,
            "DO with COMMIT inside",
            1,
            new Step(
                "do",
                ALONE,
                (c, key) -> execute(c, "do $$ begin " + INSERT + "; commit; end $$", key))),
        in(
            AUTOCOMMIT,
            TWO_PHASES,
            1,
            begin("begin"),
            write(INSERT),
            text(COMMIT, "prepare transaction '%s'"),
            text(ALONE, "commit prepared '%s'")),
        anywhere("COPY by pieces", 1, new Step("copy", WRITE, Ways::copyByPieces)),
        in(TRANSACTION, "committed by text", 1, write(INSERT), commit("commit")),
        in(
            TRANSACTION,
            "committed by text, and on",
            2,
            write(INSERT),
            commit("COMMIT AND CHAIN"),
            write(INSERT)),
        in(
            TRANSACTION,
            "committed in the writing text",
            1,
            new Step("insert; commit", COMMIT, (c, key) -> execute(c, INSERT + "; commit", key))),
        in(
            TRANSACTION,
            "rolled back by text, and on",
            1,
            write(INSERT),
            text(ROLLBACK, "ROLLBACK"),
            write(INSERT)),
        in(TRANSACTION, "rolled back by JDBC, and on", 1, write(INSERT), rollback(), write(INSERT)),
        in(
            TRANSACTION,
            "savepoints by JDBC",
            2,
            write(INSERT),
            new Step("savepoint", WRITE, Ways::savepoint),
            write(INSERT)),
        in(
            TRANSACTION,
            "savepoints by text",
            2,
            write(INSERT),
            text(NOTHING, "savepoint s"),
            write(INSERT),
            text(NOTHING, "Rollback To s"),
            write(INSERT),
            text(NOTHING, "release s")),
        in(
            TRANSACTION,
            "committed by the driver's own object",
            1,
            write(INSERT),
            new Step("its commit()", COMMIT, (c, key) -> driver(c).commit())),
        in(
            TRANSACTION,
            "the same by a statement's",
            1,
            write(INSERT),
            new Step("its connection's", COMMIT, Ways::commitByStatement)),
        in(
            TRANSACTION,
            "the same by a result set's",
            1,
            write(INSERT),
            new Step("its connection's", COMMIT, "COMMIT", Ways::commitByRows)),
        in(
            TRANSACTION,
            "rolled back by the driver's own object, and on",
            1,
            write(INSERT),
            new Step("its rollback()", ROLLBACK, (c, key) -> driver(c).rollback()),
            write(INSERT)),
        in(
            TRANSACTION,
            "a large object with commitOnClose",
            1,
            write(INSERT),
            new Step("open and close", COMMIT, "COMMIT", Ways::commitOnClose)));
  }

  // ---- steps

  private static Step write(String sql) {
    return text(WRITE, sql);
  }

  private static Step begin(String sql) {
    return text(BEGIN, sql);
  }

  private static Step commit(String sql) {
    return text(COMMIT, sql);
  }

  private static Step text(Effect effect, String sql) {
    String name = sql.contains("%s") || sql.length() > 20 ? sql.split("[ (]", 2)[0] : sql;
    return new Step(name, effect, (connection, key) -> execute(connection, sql, key));
  }

  private static Step off() {
    return new Step(
        "autocommit off", AUTOCOMMIT_OFF, (connection, key) -> connection.setAutoCommit(false));
  }

  private static Step on() {
    return new Step(
        "autocommit on", AUTOCOMMIT_ON, (connection, key) -> connection.setAutoCommit(true));
  }

  private static Step commit() {
    return new Step("commit()", COMMIT_LOOKED_UP, (connection, key) -> connection.commit());
  }

  private static Step rollback() {
    return new Step("rollback()", ROLLBACK, (connection, key) -> connection.rollback());
  }

  private static void execute(Connection connection, String sql, String key) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql.replace("%s", key));
    }
  }

  private static PgConnection driver(Connection connection) throws SQLException {
    return connection.unwrap(PgConnection.class);
  }

  private static void prepared(Connection connection, String key) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("insert into ledger (key) values (?)")) {
      statement.setString(1, key);
      statement.executeUpdate();
    }
  }

  private static void callable(Connection connection, String key) throws SQLException {
    try (CallableStatement statement = connection.prepareCall("{call enter(?)}")) {
      statement.setString(1, key);
      statement.execute();
    }
  }

  private static void batch(Connection connection, String key) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.addBatch(INSERT.replace("%s", key));
      statement.addBatch(INSERT.replace("%s", key));
      statement.executeBatch();
    }
  }

  private static void preparedBatch(Connection connection, String key) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("insert into ledger (key) values (?)")) {
      for (int i = 0; i < 3; i++) {
        statement.setString(1, key);
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

  private static void insertRow(Connection connection, String key) throws SQLException {
    try (Statement statement =
            connection.createStatement(
                ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
        ResultSet rows = statement.executeQuery("select id, key from ledger where false")) {
      rows.moveToInsertRow();
      rows.updateInt(1, (int) execute(connection));
      rows.updateString(2, key);
      rows.insertRow();
    }
  }

  private static long execute(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select nextval('ledger_id_seq')")) {
      row.next();
      return row.getLong(1);
    }
  }

  private static void copy(Connection connection, String key) throws Exception {
    connection
        .unwrap(PGConnection.class)
        .getCopyAPI()
        .copyIn("copy ledger (key) from stdin", new StringReader(key + "\n"));
  }

  private static void copyByPieces(Connection connection, String key) throws SQLException {
    CopyIn copy =
        connection.unwrap(PGConnection.class).getCopyAPI().copyIn("copy ledger (key) from stdin");
    byte[] line = (key + "\n").getBytes(UTF_8);
    copy.writeToCopy(line, 0, line.length);
    copy.flushCopy();
    copy.endCopy();
  }

  @SuppressWarnings("deprecation") // and still there
  private static void fastpath(Connection connection, String key) throws SQLException {
    org.postgresql.fastpath.Fastpath fastpath =
        connection.unwrap(PGConnection.class).getFastpathAPI();
    fastpath.addFunction("lo_creat", 957);
    fastpath.getOID(
        "lo_creat",
        new org.postgresql.fastpath.FastpathArg[] {
          new org.postgresql.fastpath.FastpathArg(LargeObjectManager.READWRITE)
        });
  }

  private static void largeObject(Connection connection, String key) throws SQLException {
    LargeObjectManager objects = connection.unwrap(PGConnection.class).getLargeObjectAPI();
    try (LargeObject object = objects.open(objects.createLO())) {
      object.write(key.getBytes(UTF_8));
    }
  }

  private static void parameter(Connection connection, String key) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("insert into ledger (key) select ? where ? is not null")) {
      statement.setString(1, key);
      statement.setBlob(2, new ByteArrayInputStream(key.getBytes(UTF_8)));
      statement.executeUpdate();
    }
  }

  private static void commitOnClose(Connection connection, String key) throws SQLException {
    LargeObjectManager objects = connection.unwrap(PGConnection.class).getLargeObjectAPI();
    objects.open(objects.createLO(), LargeObjectManager.READWRITE, true).close();
  }

  private static void savepoint(Connection connection, String key) throws SQLException {
    Savepoint savepoint = connection.setSavepoint();
    execute(connection, INSERT, key);
    connection.rollback(savepoint);
  }

  private static void commitByStatement(Connection connection, String key) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.unwrap(PgStatement.class).getConnection().commit();
    }
  }

  private static void commitByRows(Connection connection, String key) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select 1")) {
      rows.unwrap(PgResultSet.class).getStatement().getConnection().commit();
    }
  }
}
