package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.core.jdbc.FakeConnector;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.plain.PlainConnector;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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

  /** What a connector does when it is asked for its notes again. */
  private enum Later {
    THROWS {
      @Override
      List<String> notes() {
        throw new IllegalStateException("nothing to say");
      }
    },
    THROWS_AN_ERROR {
      @Override
      List<String> notes() {
        throw new NoClassDefFoundError("a/class/of/the/adapter");
      }
    },
    SAYS_NULL {
      @Override
      List<String> notes() {
        return null;
      }
    };

    abstract List<String> notes();
  }

  /** Advice that can't be had keeps nobody from the connection that was opened. */
  @ParameterizedTest
  @EnumSource(Later.class)
  void a_connector_that_fails_to_say_more_still_opens_connections(Later later) throws SQLException {
    AtomicInteger asked = new AtomicInteger();
    AtomicReference<Runnable> listener = new AtomicReference<>(() -> {});
    JdbcDataSource h2 = new JdbcDataSource();
    h2.setURL("jdbc:h2:mem:noted");
    Connector connector =
        new Noted() {
          @Override
          public List<String> notes() {
            return asked.incrementAndGet() == 1 ? super.notes() : later.notes();
          }

          @Override
          public void whenNoted(Runnable told) {
            listener.set(told);
          }

          @Override
          public PhysicalConnection open(long timeoutNanos) throws SQLException {
            return PlainConnector.of(h2).open(timeoutNanos);
          }
        };
    PoolConfig config =
        PoolConfig.builder("fake:x")
            .name("noted")
            .minSize(0)
            .acquireTimeout(Duration.ofSeconds(10))
            .build();
    try (Logged log = new Logged();
        Pool pool = Everpool.builder(config).connector(connector).open()) {
      for (int i = 0; i < 2; i++) {
        try (Connection connection = pool.getConnection()) {
          assertThat(connection.isValid(1)).isTrue();
        }
        pool.replaceAll();
      }
      int before = asked.get();
      listener.get().run(); // on a thread of the adapter's, which must not hear of it either
      assertThat(asked).as("how often it was asked").hasValue(before + 1);
      assertThat(log.messages(Level.ERROR))
          .as("what is told of it")
          .isNotEmpty()
          .allMatch(line -> line.startsWith("Pool noted: asking the connector for its notes"));
    }
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
