package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The database changes under a pool that is at work; its units don't notice. */
@Timeout(120)
class MigrationsIT {

  private static void migrate(String... sql) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(
                Db.server().jdbcUrl(), Db.server().user(), Db.server().password());
        Statement statement = connection.createStatement()) {
      for (String each : sql) {
        statement.execute(each);
      }
    }
  }

  private static int columns(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("select * from migrated");
        ResultSet rows = statement.executeQuery()) {
      rows.next();
      return rows.getMetaData().getColumnCount();
    }
  }

  /** A plan that was prepared by name before a column came. */
  @Test
  void aColumnThatIsAddedIsSeenByTheNextUnit() throws Exception {
    migrate(
        "drop table if exists migrated",
        "create table migrated (a int)",
        "insert into migrated values (1)");
    try (Pool pool = Everpool.open(Db.config("column").minSize(1).maxSize(2).build())) {
      for (int i = 0; i < 10; i++) {
        pool.inTransaction(MigrationsIT::columns);
        pool.run(WorkOptions.READ_ONLY, MigrationsIT::columns);
      }
      for (int columns = 2; columns < 6; columns++) {
        migrate("alter table migrated add c" + columns + " int");
        assertThat(pool.inTransaction(MigrationsIT::columns)).isEqualTo(columns);
        assertThat(pool.run(WorkOptions.READ_ONLY, MigrationsIT::columns)).isEqualTo(columns);
        assertThat(pool.run(MigrationsIT::columns)).isEqualTo(columns);
      }
      assertThat(pool.snapshot().closed()).as("no connection was given up for that").isEmpty();
    }
  }

  private static int insert(Connection connection) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("insert into migrated values (?)")) {
      statement.setInt(1, 7);
      return statement.executeUpdate();
    }
  }

  /** PL/pgSQL's plans are each session's own, and the driver knows nothing of them. */
  @Test
  void aColumnOfAnotherTypeIsNewToATriggerOnce() throws Exception {
    migrate(
        "drop table if exists migrated",
        "create table migrated (a int)",
        "create or replace function migrated_limit() returns trigger language plpgsql as"
            + " $$ begin if new.a > 5 then new.a = 5; end if; return new; end $$",
        "create trigger migrated_limit before insert on migrated for each row"
            + " execute function migrated_limit()");
    try (Pool pool = Everpool.open(Db.config("trigger").minSize(1).maxSize(1).build())) {
      for (int i = 0; i < 10; i++) {
        pool.run(MigrationsIT::insert);
      }
      for (String type : new String[] {"bigint", "numeric", "int"}) {
        migrate("alter table migrated alter a type " + type);
        pool.run(MigrationsIT::insert);
        migrate("alter table migrated alter a type float");
        pool.inTransaction(MigrationsIT::insert);
        migrate("alter table migrated alter a type " + type);
        try (Connection connection = pool.getConnection()) {
          assertThatThrownBy(() -> insert(connection))
              .isInstanceOfSatisfying(
                  SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42804"));
        }
        try (Connection connection = pool.getConnection()) {
          insert(connection);
        }
      }
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "select count(*) from migrated where a = 5")).isEqualTo("19");
      }
      assertThat(pool.snapshot().closed()).as("no connection was given up for that").isEmpty();
    }
  }

  /** What the failed run has written before is undone with it. */
  @Test
  void whatTheUnitWroteBeforeIsThereOnce() throws Exception {
    migrate(
        "drop table if exists migrated, migration_log",
        "create table migrated (a int)",
        "create table migration_log (a int)",
        "insert into migrated values (1)");
    try (Pool pool = Everpool.open(Db.config("written").minSize(1).maxSize(1).build())) {
      for (int i = 0; i < 10; i++) {
        pool.inTransaction(MigrationsIT::columns);
      }
      migrate("alter table migrated add b int");
      pool.inTransaction(
          connection -> {
            try (Statement statement = connection.createStatement()) {
              statement.executeUpdate("insert into migration_log values (1)");
            }
            return columns(connection);
          });
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "select count(*) from migration_log")).isEqualTo("1");
      }
    }
  }

  /** A type that was dropped and made anew has another id, which pgjdbc doesn't learn. */
  @Test
  void aTypeThatIsMadeAnewIsUsableAgain() throws Exception {
    List<String> make =
        List.of(
            "drop table if exists moods",
            "drop type if exists mood",
            "create type mood as enum ('glad', 'sad')",
            "create table moods (m mood[])");
    migrate(make.toArray(new String[0]));
    try (Pool pool = Everpool.open(Db.config("types").minSize(2).maxSize(2).build())) {
      Db.awaitSessions(pool, 2);
      for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 10; i++) {
          pool.inTransaction(
              connection -> {
                try (PreparedStatement statement =
                    connection.prepareStatement("insert into moods values (?)")) {
                  statement.setArray(1, connection.createArrayOf("mood", new String[] {"glad"}));
                  return statement.executeUpdate();
                }
              });
        }
        try (Connection connection = pool.getConnection()) {
          assertThat(Db.ask(connection, "select count(*) from moods")).isEqualTo("10");
        }
        migrate(make.toArray(new String[0]));
      }
    }
  }
}
