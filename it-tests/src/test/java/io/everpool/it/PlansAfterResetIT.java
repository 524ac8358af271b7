package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import io.everpool.servers.Sampled;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A plan doesn't outlive the tables that it was made for, as on a connection that is new. */
@Sampled
class PlansAfterResetIT {

  private static Pool pool(String name, boolean flush) throws SQLException {
    return Everpool.open(
        Db.config(name)
            .properties(
                Map.of(
                    "ApplicationName",
                    name,
                    "prepareThreshold",
                    "1",
                    "flushCacheOnDdl",
                    Boolean.toString(flush)))
            .minSize(1)
            .maxSize(1)
            .healthCheckInterval(Duration.ofHours(1))
            .build());
  }

  /** Reached by the threshold: named on the server. */
  private static int columns(Connection connection, String sql) throws SQLException {
    int columns = 0;
    for (int i = 0; i < 3; i++) {
      try (PreparedStatement statement = connection.prepareStatement(sql);
          ResultSet row = statement.executeQuery()) {
        columns = row.getMetaData().getColumnCount();
      }
    }
    return columns;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create temp table shape (%s)",
        "create table pg_temp.shape (%s)",
        "do $$ begin create temp table shape (%s); end $$",
        "set search_path to pg_temp; create table shape (%s)",
        "select set_config('search_path', 'pg_temp', false); create table shape (%s)",
        "select set_config('search_path', 'pg_temp', true); create table shape (%s)",
        "select set_config('search_path', $$ nowhere, pg_temp$$, true); create table shape (%s)",
        "set local search_path to 'pg_temp'; create table shape (%s)",
        "set local search_path to \"pg_temp\"; create table shape (%s)",
        "set local schema 'pg_temp'; create table shape (%s)",
      })
  void aTemporaryTableOfTheSameNameAndAnotherShape(String create) throws SQLException {
    try (Pool pool = pool("plans-temporary", false)) {
      for (int i = 0; i < 20; i++) {
        String columns = i % 2 == 0 ? "a int" : "a text, b int";
        try (Connection connection = pool.getConnection()) {
          connection.setAutoCommit(false);
          try (Statement statement = connection.createStatement()) {
            statement.execute(String.format(create, columns));
          }
          assertThat(columns(connection, "select * from shape")).isEqualTo(1 + i % 2);
          connection.commit();
        }
      }
      assertThat(pool.snapshot().opened()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "set search_path to %s",
        "set session search_path = %s",
        "set schema '%s'",
        "select set_config('search_path', '%s', false)",
        "select set_config(lower('SEARCH_PATH'), '%s', false)",
        "do $$ begin set search_path to %s; end $$",
        "jdbc"
      })
  void aTableOfTheSameNameOnAnotherPath(String set) throws SQLException {
    createShapes();
    try (Pool pool = pool("plans-path", true)) {
      for (int i = 0; i < 20; i++) {
        String schema = i % 2 == 0 ? "plans_a" : "plans_b";
        try (Connection connection = pool.getConnection()) {
          if (set.equals("jdbc")) {
            connection.setSchema(schema);
          } else {
            try (Statement statement = connection.createStatement()) {
              statement.execute(String.format(set, schema));
            }
          }
          connection.setAutoCommit(false);
          assertThat(columns(connection, "select * from shape")).isEqualTo(1 + i % 2);
          connection.commit();
        }
      }
      assertThat(pool.snapshot().opened()).isEqualTo(1);
    }
  }

  private static void createShapes() {
    for (String schema : new String[] {"plans_a", "plans_b"}) {
      Db.server().execute("create schema if not exists " + schema);
      Db.server().execute("grant usage on schema " + schema + " to public");
    }
    Db.server().execute("create table if not exists plans_a.shape (a int)");
    Db.server().execute("create table if not exists plans_b.shape (a text, b int)");
    Db.server().execute("grant all on plans_a.shape, plans_b.shape to public");
  }

  /** It costs no clean-up, and so a plan of it may be met; a unit is run again then. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "select set_config('search_path', '%s', true)",
        "set local search_path to %s",
        "set local role %s"
      })
  void aTableOfTheSameNameOnAPathOfTheTransactionAlone(String set) throws SQLException {
    createShapes();
    for (String role : new String[] {"plans_a", "plans_b"}) {
      Db.server().execute("create role " + role);
      Db.server().execute("grant " + role + " to " + Db.server().user());
    }
    try (Pool pool = pool("plans-local", true)) {
      for (int i = 0; i < 20; i++) {
        String schema = i % 2 == 0 ? "plans_a" : "plans_b";
        int columns =
            pool.inTransaction(
                connection -> {
                  try (Statement statement = connection.createStatement()) {
                    statement.execute(String.format(set, schema));
                  }
                  return columns(connection, "select * from shape");
                });
        assertThat(columns).isEqualTo(1 + i % 2);
      }
      assertThat(pool.snapshot().opened()).isEqualTo(1);
    } finally {
      Db.server().execute("drop role plans_a");
      Db.server().execute("drop role plans_b");
    }
  }

  /** A plain setting moves no names: what was prepared stays so. */
  @Test
  void plansStayWhereNoNameCanHaveMoved() throws SQLException {
    try (Pool pool = pool("plans-stay", true)) {
      for (int i = 0; i < 3; i++) {
        try (Connection connection = pool.getConnection();
            Statement statement = connection.createStatement()) {
          columns(connection, "select 4711");
          statement.execute("set work_mem = '5MB'");
        }
      }
      try (Connection connection = pool.getConnection()) {
        assertThat(
                Db.ask(
                    connection,
                    "select count(*) from pg_prepared_statements where statement ="
                        + " 'select 4711'"))
            .isEqualTo("1");
      }
    }
  }
}
