package io.everpool.core.plain;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** As H2 2.4, xerial's SQLite 3.49 and DuckDB 1.2 were seen to do. */
class PrivateDatabasesTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:h2:mem:",
        "jdbc:h2:mem:;MODE=MySQL",
        "jdbc:sqlite:",
        "jdbc:sqlite::memory:",
        "jdbc:sqlite::memory:?busy_timeout=1",
        "jdbc:sqlite:file::memory:",
        "jdbc:sqlite:file:x?mode=memory",
        "jdbc:duckdb:",
        "jdbc:duckdb::memory:"
      })
  void whatHasNoNameIsEachConnectionsOwn(String url) {
    assertThat(PrivateDatabases.notes(url))
        .singleElement()
        .satisfies(note -> assertThat(note).contains("an empty one of its own", "NAME"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:h2:mem:x",
        "jdbc:h2:./x",
        "jdbc:sqlite:/tmp/x",
        "jdbc:sqlite::memory:?cache=shared",
        "jdbc:sqlite:file::memory:?cache=shared",
        "jdbc:sqlite:file:x?mode=memory&cache=shared",
        "jdbc:sqlite::resource:x",
        "jdbc:duckdb::memory:x",
        "jdbc:duckdb:/tmp/x",
        "jdbc:hsqldb:mem:x",
        "jdbc:derby:memory:x;create=true"
      })
  void allElseIsShared(String url) {
    assertThat(PrivateDatabases.notes(url)).isEmpty();
  }

  /** What the note says, where the driver is at hand. */
  @ParameterizedTest
  @ValueSource(strings = {"jdbc:h2:mem:", "jdbc:h2:mem:shared;DB_CLOSE_DELAY=-1"})
  void theNoteIsTrue(String url) throws SQLException {
    try (Connection one = DriverManager.getConnection(url);
        Connection other = DriverManager.getConnection(url)) {
      one.createStatement().execute("create table seen (x int)");
      boolean seen = other.getMetaData().getTables(null, null, "SEEN", null).next();
      assertThat(seen).isEqualTo(PrivateDatabases.notes(url).isEmpty());
    }
    PlainConnector connector = PlainConnector.ofUrl(PoolConfig.builder(url).build());
    assertThat(connector.notes()).containsAll(PrivateDatabases.notes(url));
  }
}
