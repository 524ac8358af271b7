package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.Verdict;
import io.everpool.core.jdbc.FakeConnector;
import io.everpool.core.jdbc.Logged;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a connector does otherwise than one might expect is said once, where people look. */
@Tag("contract")
class ConnectorNotesTest {

  @Test
  void the_notes_are_logged_once_as_warnings_when_the_pool_opens() throws SQLException {
    PoolConfig config = PoolConfig.builder("fake:x").name("noted").failFast(false).build();
    try (Logged log = new Logged()) {
      try (Pool pool = Everpool.builder(config).connector(new Noted()).open()) {
        assertThat(pool.name()).isEqualTo("noted");
        assertThat(notes(log)).containsExactly("Pool noted: a is ignored", "Pool noted: b as well");
      }
      assertThat(notes(log)).hasSize(2);
    }
  }

  /** They may say why it doesn't open. */
  @Test
  void they_are_logged_before_a_pool_that_fails_to_open() {
    PoolConfig config =
        PoolConfig.builder("fake:x").name("noted").acquireTimeout(Duration.ofMillis(250)).build();
    try (Logged log = new Logged()) {
      assertThatThrownBy(() -> Everpool.builder(config).connector(new Noted()).open())
          .isInstanceOf(SQLException.class);
      assertThat(notes(log)).containsExactly("Pool noted: a is ignored", "Pool noted: b as well");
    }
  }

  /** Then there is no pool, and nothing is left of it. */
  @Test
  void a_connector_that_throws_instead_is_closed() {
    Noted connector =
        new Noted() {
          @Override
          public List<String> notes() {
            throw new IllegalStateException("nothing to say");
          }
        };
    PoolConfig config = PoolConfig.builder("fake:x").name("noted").build();
    assertThatThrownBy(() -> Everpool.builder(config).connector(connector).open())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("nothing to say");
    assertThat(connector.closed).isTrue();
  }

  private static List<String> notes(Logged log) {
    return log.messages(Level.WARN).stream()
        .filter(message -> message.endsWith("is ignored") || message.endsWith("as well"))
        .toList();
  }

  /** Has two notes and no database. */
  private static class Noted implements Connector {
    private final FakeConnector words = new FakeConnector();
    boolean closed;

    @Override
    public void close() {
      closed = true;
    }

    @Override
    public String product() {
      return words.product();
    }

    @Override
    public String target() {
      return words.target();
    }

    @Override
    public List<String> notes() {
      return List.of("a is ignored", "b as well");
    }

    @Override
    public PhysicalConnection open(long timeoutNanos) throws SQLException {
      throw new SQLNonTransientConnectionException("nobody there", "08001");
    }

    @Override
    public Verdict classify(Throwable failure) {
      return words.classify(failure);
    }

    @Override
    public SideEffects sideEffects(String sql) {
      return words.sideEffects(sql);
    }
  }
}
