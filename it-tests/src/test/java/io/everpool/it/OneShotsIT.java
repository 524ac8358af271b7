package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.VoidWork;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.core.Everpool;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Work that loses a race, or its connection, after it has used what it was given from outside and
 * can be used but once: nothing is committed but the whole.
 */
class OneShotsIT {
  private static final WorkOptions SERIALIZABLE =
      WorkOptions.DEFAULT
          .withIsolation(Connection.TRANSACTION_SERIALIZABLE)
          .withLabel("the upload");

  private Pool pool;
  private Connection other;
  private int runs;

  @BeforeEach
  void open() throws SQLException {
    other =
        DriverManager.getConnection(
            Db.server().jdbcUrl(), Db.server().user(), Db.server().password());
    execute(other, "drop table if exists once, raced");
    execute(other, "create table once (id int, bytes bytea, text text, large oid)");
    execute(other, "create table raced (v int)");
    execute(other, "insert into raced values (0)");
    pool = Everpool.open(Db.config("one-shots").maxSize(2).build());
  }

  @AfterEach
  void close() throws SQLException {
    pool.close();
    other.close();
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /** How the first run ends. */
  private enum Fault {
    RACE("40001") {
      @Override
      void strike(Connection connection, Connection other) throws SQLException {
        execute(other, "update raced set v = v + 1"); // since the snapshot was taken
        execute(connection, "update raced set v = v + 1");
      }
    },
    LOSS("57P01") {
      @Override
      void strike(Connection connection, Connection other) throws SQLException {
        execute(
            other,
            "select pg_terminate_backend(pid, 60000) from pg_stat_activity"
                + " where application_name = 'one-shots' and state = 'idle in transaction'");
        execute(connection, "update raced set v = v + 1");
      }
    };

    private final String state;

    Fault(String state) {
      this.state = state;
    }

    abstract void strike(Connection connection, Connection other) throws SQLException;
  }

  private void begin(Connection connection) throws SQLException {
    runs++;
    execute(connection, "select v from raced");
  }

  private void strikeFirst(Fault fault, Connection connection) throws SQLException {
    if (runs == 1) {
      fault.strike(connection, other);
    }
  }

  private void fails(String state, ThrowingCallable call) throws SQLException {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            SQLException.class,
            thrown -> {
              assertThat(thrown.getSQLState()).isEqualTo(state);
              assertThat(thrown.getSuppressed())
                  .extracting(Throwable::getMessage)
                  .anyMatch(
                      why ->
                          why.startsWith("the upload was not run again: ")
                              && why.contains("within the work"));
            });
    assertThat(rows()).isZero();
  }

  private int rows() throws SQLException {
    return Integer.parseInt(Db.ask(other, "select count(*) from once"));
  }

  private void rerun(Connection connection, VoidWork<SQLException> work) throws SQLException {
    UnitRerunner.of(pool)
        .<Boolean, SQLException>rerun(
            connection,
            SERIALIZABLE,
            same -> {
              work.run(same);
              return true;
            });
  }

  // ---- batches

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aBatchOfBeforeIsThereWholeOrNotAtAll(boolean prepared) throws SQLException {
    try (Connection connection = pool.getConnection();
        PreparedStatement insert = connection.prepareStatement("insert into once values (?)");
        Statement plain = connection.createStatement()) {
      connection.setAutoCommit(false);
      for (int i = 1; i <= 3; i++) {
        insert.setInt(1, i);
        insert.addBatch();
        plain.addBatch("insert into once values (" + i + ")");
      }
      fails(
          "40001",
          () ->
              rerun(
                  connection,
                  same -> {
                    begin(same);
                    (prepared ? insert : plain).executeBatch();
                    strikeFirst(Fault.RACE, same);
                    same.commit();
                  }));
      connection.rollback();
    }
    assertThat(runs).isOne();
  }

  /** As a framework's transaction with a statement of its own. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aBatchThatEachRunBuildsIsThereOnce(boolean executed) throws SQLException {
    try (Connection connection = pool.getConnection();
        PreparedStatement insert = connection.prepareStatement("insert into once values (?)")) {
      connection.setAutoCommit(false);
      rerun(
          connection,
          same -> {
            begin(same);
            for (int i = 1; i <= 3; i++) {
              insert.setInt(1, i);
              insert.addBatch();
            }
            if (executed) {
              insert.executeBatch();
            }
            strikeFirst(Fault.RACE, same);
            if (!executed) {
              insert.executeBatch();
            }
            same.commit();
          });
    }
    assertThat(runs).isEqualTo(2);
    assertThat(rows()).isEqualTo(3);
  }

  // ---- streams

  private interface Giver {
    void give(PreparedStatement insert) throws SQLException;
  }

  private static InputStream bytes() {
    return new SequenceInputStream(
        new ByteArrayInputStream(new byte[] {1, 2}), new ByteArrayInputStream(new byte[] {3}));
  }

  static Stream<Arguments> streams() {
    InputStream[] b = Stream.generate(OneShotsIT::bytes).limit(12).toArray(InputStream[]::new);
    StringReader[] r =
        Stream.generate(() -> new StringReader("abc")).limit(6).toArray(StringReader[]::new);
    return Stream.of(
        given("bytes", "setBinaryStream", insert -> insert.setBinaryStream(1, b[0])),
        given("bytes", "setBinaryStream, a long", insert -> insert.setBinaryStream(1, b[1], 3L)),
        given("text", "setCharacterStream", insert -> insert.setCharacterStream(1, r[0])),
        given("text", "setCharacterStream, an int", i -> i.setCharacterStream(1, r[1], 3)),
        given("text", "setAsciiStream, an int", insert -> insert.setAsciiStream(1, b[2], 3)),
        given("large", "setBlob", insert -> insert.setBlob(1, b[3])),
        given("large", "setBlob, a long", insert -> insert.setBlob(1, b[4], 3)),
        given("large", "setObject", i -> i.setObject(1, b[5], Types.BLOB)));
  }

  private static Arguments given(String column, String how, Giver giver) {
    return Arguments.of(how, column, giver);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("streams")
  void whatWasReadIsNotWrittenEmpty(String how, String column, Giver giver) throws SQLException {
    fails(
        "40001",
        () ->
            pool.useTransaction(
                SERIALIZABLE,
                connection -> {
                  begin(connection);
                  insert(connection, column, giver);
                  strikeFirst(Fault.RACE, connection);
                }));
    assertThat(runs).as(how).isEqualTo(2);
  }

  private static void insert(Connection connection, String column, Giver giver)
      throws SQLException {
    String sql = "insert into once (" + column + ") values (?)";
    try (PreparedStatement insert = connection.prepareStatement(sql)) {
      giver.give(insert);
      insert.executeUpdate();
    }
  }

  @Test
  void norAfterALostConnection() throws SQLException {
    InputStream stream = bytes();
    fails(
        "57P01",
        () ->
            pool.useTransaction(
                SERIALIZABLE,
                connection -> {
                  begin(connection);
                  insert(connection, "bytes", insert -> insert.setBinaryStream(1, stream));
                  strikeFirst(Fault.LOSS, connection);
                }));
    assertThat(runs).isEqualTo(2);
  }

  @Test
  void whatEachRunOpensIsWrittenWhole() throws SQLException {
    for (Fault fault : Fault.values()) {
      runs = 0;
      pool.useTransaction(
          SERIALIZABLE,
          connection -> {
            begin(connection);
            insert(connection, "bytes", insert -> insert.setBinaryStream(1, bytes()));
            strikeFirst(fault, connection);
          });
      assertThat(runs).as(fault.state).isEqualTo(2);
    }
    assertThat(Db.ask(other, "select string_agg(bytes::text, ',') from once"))
        .isEqualTo("\\x010203,\\x010203");
  }

  /** Set on a statement before the unit, and read where that executes it. */
  @Test
  void norIsAStreamThatAStatementWasGivenBefore() throws SQLException {
    InputStream stream = bytes();
    try (Connection connection = pool.getConnection();
        PreparedStatement insert =
            connection.prepareStatement("insert into once (bytes) values (?)")) {
      connection.setAutoCommit(false);
      insert.setBinaryStream(1, stream);
      fails(
          "40001",
          () ->
              rerun(
                  connection,
                  same -> {
                    begin(same);
                    insert.executeUpdate();
                    strikeFirst(Fault.RACE, same);
                    same.commit();
                  }));
      connection.rollback();
    }
    assertThat(runs).isOne();
  }

  // ---- rows

  /** Open before the unit, and read by it: rows of which a further run would see the rest. */
  @ParameterizedTest
  @ValueSource(strings = {"", "once more"})
  void whatWasReadOnIsNotLeftOut(String promise) throws SQLException {
    WorkOptions options =
        promise.isEmpty()
            ? SERIALIZABLE
            : WorkOptions.IDEMPOTENT
                .withIsolation(Connection.TRANSACTION_SERIALIZABLE)
                .withLabel("the upload");
    try (Connection connection = pool.getConnection();
        Statement query = connection.createStatement();
        ResultSet rows = query.executeQuery("select generate_series(1, 4)")) {
      fails(
          "40001",
          () ->
              UnitRerunner.of(pool)
                  .<Boolean, SQLException>rerun(
                      connection,
                      options,
                      same -> {
                        same.setAutoCommit(false);
                        begin(same);
                        copy(rows, same, Fault.RACE);
                        same.commit();
                        return true;
                      }));
      connection.rollback();
    }
    assertThat(runs).isOne();
  }

  /** Half of them before the race is lost, and half of them after. */
  private void copy(ResultSet rows, Connection to, Fault fault) throws SQLException {
    try (PreparedStatement insert = to.prepareStatement("insert into once values (?)")) {
      while (rows.next()) {
        insert.setInt(1, rows.getInt(1));
        insert.executeUpdate();
        if (rows.getInt(1) == 2) {
          strikeFirst(fault, to);
        }
      }
    }
  }

  @Test
  void whatEachRunAsksForIsReadWhole() throws SQLException {
    for (Fault fault : Fault.values()) {
      runs = 0;
      pool.useTransaction(
          SERIALIZABLE,
          connection -> {
            begin(connection);
            try (Statement query = connection.createStatement();
                ResultSet rows = query.executeQuery("select generate_series(1, 4)")) {
              copy(rows, connection, fault);
            }
          });
      assertThat(runs).as(fault.state).isEqualTo(2);
    }
    assertThat(rows()).isEqualTo(8);
  }
}
