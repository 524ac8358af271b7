package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The driver keeps what it has learned of a type's name; the next borrower's may be another type.
 */
class TypeNamesIT {

  @BeforeEach
  void schemas() {
    for (String schema : new String[] {"tn_a", "tn_b"}) {
      Db.server().execute("create schema " + schema);
      Db.server().execute("create type " + schema + ".mood as enum ('good')");
      Db.server().execute("create table " + schema + ".moods (m " + schema + ".mood[])");
      Db.server().execute("grant usage on schema " + schema + " to public");
      Db.server().execute("grant all on " + schema + ".moods to public");
    }
  }

  @AfterEach
  void noSchemas() {
    Db.server().execute("drop schema tn_a, tn_b cascade");
  }

  private static Pool pool() throws SQLException {
    return Everpool.open(Db.config("type-names").minSize(1).maxSize(1).build());
  }

  private static void insert(Connection connection) throws SQLException {
    try (PreparedStatement insert = connection.prepareStatement("insert into moods values (?)")) {
      insert.setArray(1, connection.createArrayOf("mood", new Object[] {"good"}));
      insert.execute();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aTypeIsThatOfTheBorrowersOwnSchema(boolean byJdbc) throws SQLException {
    try (Pool pool = pool()) {
      for (String schema : new String[] {"tn_a", "tn_b", "tn_a"}) {
        try (Connection connection = pool.getConnection();
            Statement statement = connection.createStatement()) {
          if (byJdbc) {
            connection.setSchema(schema);
          } else {
            statement.execute("set search_path = " + schema);
          }
          insert(connection);
        }
      }
      assertThat(pool.snapshot().opened()).isEqualTo(1);
    }
  }

  /** On a path of one transaction, which leaves nothing to clear: it fails once at the most. */
  @Test
  void aTypeThatWasMadeAnewIsFoundAfterOneFailure() throws SQLException {
    try (Pool pool = pool()) {
      for (String schema : new String[] {"tn_a", "tn_b"}) {
        try (Connection connection = pool.getConnection();
            Statement statement = connection.createStatement()) {
          connection.setAutoCommit(false);
          statement.execute("set local search_path = " + schema);
          if (schema.equals("tn_b")) {
            assertThatThrownBy(() -> insert(connection))
                .isInstanceOfSatisfying(
                    SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42804"));
            connection.rollback();
            statement.execute("set local search_path = " + schema);
          }
          insert(connection);
          connection.commit();
        }
      }
      assertThat(pool.snapshot().opened()).isEqualTo(1);
    }
  }

  @Test
  void aTypeThatWasMissingIsFoundWhenItIsThere() throws SQLException {
    Db.server().execute("alter type tn_a.mood rename to other");
    Db.server().execute("alter type tn_b.mood rename to other");
    try (Pool pool = pool()) {
      try (Connection connection = pool.getConnection()) {
        assertThatThrownBy(() -> connection.createArrayOf("mood", new Object[] {"good"}))
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42602"));
      }
      Db.server().execute("alter type tn_a.other rename to mood");
      try (Connection connection = pool.getConnection()) {
        connection.createArrayOf("tn_a.mood", new Object[] {"good"});
        connection.setSchema("tn_a");
        insert(connection);
      }
      assertThat(pool.snapshot().opened()).isEqualTo(1);
    }
  }
}
