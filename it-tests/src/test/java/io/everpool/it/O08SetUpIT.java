package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import io.everpool.servers.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.json.Json;
import org.junit.jupiter.api.Test;

/** O8: every new connection is set up; {@code command-timeout = 60s}, JSONB. */
class O08SetUpIT {

  /** What an order's line looks like in a JSONB column. */
  @Json
  public record Line(String article, int count, List<String> tags) {}

  @Test
  void everyConnectionHasTheCommandTimeout() throws SQLException {
    try (Pool pool = Everpool.open(Db.config("o8-every").build())) {
      assertThat(pool.config().commandTimeout()).isEqualTo(Duration.ofSeconds(60));
      try (Connection one = pool.getConnection();
          Connection two = pool.getConnection();
          Connection three = pool.getConnection()) {
        for (Connection connection : List.of(one, two, three)) {
          assertThat(Db.ask(connection, "show statement_timeout")).isEqualTo("1min");
        }
      }
    }
  }

  /** Also those that replace others. */
  @Test
  void aReplacementIsSetUpToo() throws SQLException {
    PoolConfig config = Db.config("o8-again").commandTimeout(Duration.ofMillis(12_345)).build();
    try (Pool pool = Everpool.open(config)) {
      pool.getConnection().close();
      pool.replaceAll();
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "show statement_timeout")).isEqualTo("12345ms");
      }
    }
  }

  /** The server ends the statement; the connection is as good as before. */
  @Test
  void aStatementThatRunsTooLongIsEnded() throws SQLException {
    PoolConfig config =
        Db.config("o8-ends").maxSize(2).commandTimeout(Duration.ofSeconds(2)).build();
    try (Pool pool = Everpool.open(config);
        Connection connection = pool.getConnection()) {
      String session = Db.askAgain(connection, "select pg_backend_pid()");
      assertThatThrownBy(() -> Db.ask(connection, "select pg_sleep(60)"))
          .isInstanceOf(SQLException.class)
          .hasFieldOrPropertyWithValue("SQLState", "57014");
      assertThat(Db.askAgain(connection, "select pg_backend_pid()")).isEqualTo(session);
    }
  }

  /** A session's own setting is its own; the next has the pool's. */
  @Test
  void whatALeaseSetsItselfTheNextDoesNotSee() throws SQLException {
    PoolConfig config = Db.config("o8-reset").minSize(1).maxSize(1).build();
    try (Pool pool = Everpool.open(config)) {
      int session;
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement()) {
        session = Db.pid(connection);
        statement.execute("set statement_timeout = '5s'");
      }
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.pid(connection)).isEqualTo(session);
        assertThat(Db.ask(connection, "show statement_timeout")).isEqualTo("1min");
      }
    }
  }

  @Test
  void withoutALimitStatementsRunAsLongAsTheServerLets() throws SQLException {
    PoolConfig config = Db.config("o8-off").commandTimeout(Duration.ZERO).build();
    try (Pool pool = Everpool.open(config);
        Connection connection = pool.getConnection()) {
      assertThat(Db.ask(connection, "show statement_timeout")).isEqualTo("0");
    }
  }

  /** Behind a firewall or a suspended database a silent death is the kernel's to notice. */
  @Test
  void theKernelKeepsAnEyeOnEveryConnection() throws SQLException {
    assumeTrue(Files.exists(Path.of("/proc/net/tcp6")), "only Linux shows its sockets");
    try (Pool pool = Everpool.open(Db.config("o8-keepalive").build());
        Connection connection = pool.getConnection()) {
      Db.pid(connection);
      Db.awaitSessions(pool, 2);
      // timer 02 is keep-alive; while a packet isn't acknowledged it is 01
      Await.until(
          Db.LIMIT,
          () -> sockets().stream().allMatch(socket -> socket.contains(" 02:")),
          () -> "keep-alive timers: " + sockets());
      assertThat(sockets()).hasSizeGreaterThanOrEqualTo(2);
    }
  }

  /** This machine's established sockets to the server, as the kernel describes them. */
  private static List<String> sockets() {
    String port = String.format("%04X", Db.server().port());
    try {
      Stream<String> lines =
          Stream.concat(
              Files.readAllLines(Path.of("/proc/net/tcp")).stream(),
              Files.readAllLines(Path.of("/proc/net/tcp6")).stream());
      return lines.filter(line -> line.matches(".*:" + port + " 01 .*")).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** So that whoever looks at the server knows whose sessions these are. */
  @Test
  void theServerIsToldThePoolsName() throws SQLException {
    PoolConfig config = Db.config("o8-named").properties(Map.of()).build();
    try (Pool pool = Everpool.open(config)) {
      Db.awaitSessions(pool, 2);
    }
  }

  @Test
  void recordsAndTreesGoIntoJsonbAndComeBack() throws Exception {
    Db.server().execute("drop table if exists o8_json");
    Db.server().execute("create table o8_json (id int, doc jsonb); grant all on o8_json to public");
    try (Pool pool = Everpool.open(Db.config("o8-json").build())) {
      Jdbi jdbi = EverpoolJdbi.create(pool);
      Line line = new Line("it's \"tea\" \u2615", 3, List.of("hot", "green"));
      JsonNode tree = new ObjectMapper().readTree("{\"a\": [1, null, {\"b\": true}]}");
      jdbi.useTransaction(
          handle -> {
            handle.execute("insert into o8_json values (1, ?)", line);
            handle.execute("insert into o8_json values (2, ?)", tree);
          });
      String select = "select doc from o8_json where id = ";
      assertThat(
              jdbi.<Line, RuntimeException>withHandle(
                  handle -> handle.createQuery(select + 1).mapTo(Line.class).one()))
          .isEqualTo(line);
      assertThat(
              jdbi.<JsonNode, RuntimeException>withHandle(
                  handle -> handle.createQuery(select + 2).mapTo(JsonNode.class).one()))
          .isEqualTo(tree);
      // it is JSONB to the server too, not text
      assertThat(Db.server().ask("select doc -> 'tags' ->> 1 from o8_json where id = 1"))
          .isEqualTo("green");
      assertThat(Db.server().ask("select doc #>> '{a,2,b}' from o8_json where id = 2"))
          .isEqualTo("true");
    }
  }
}
