package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import io.everpool.core.jdbc.Logged;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a driver and a borrower do to a connection by themselves, behind a DataSource. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OwnDeedsTest {
  private final List<String> calls = Collections.synchronizedList(new ArrayList<>());
  private final List<PoolEvent> events = new CopyOnWriteArrayList<>();
  private final AtomicInteger opened = new AtomicInteger();

  /** What a statement throws, closing the connection behind it; null for nothing. */
  private volatile @Nullable SQLException failure;

  private volatile boolean closesWithFailure;

  private static PoolConfig config() {
    return PoolConfig.builder("fault:")
        .name("deeds")
        .minSize(1)
        .maxSize(1)
        .acquireTimeout(Duration.ofSeconds(20))
        .healthCheckInterval(Duration.ofHours(1))
        .build();
  }

  private Pool open() throws SQLException {
    return Everpool.builder(config()).dataSource(source()).listener(events::add).open();
  }

  private DataSource source() {
    return (DataSource)
        Proxy.newProxyInstance(
            OwnDeedsTest.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (self, method, args) -> new Driven().proxy);
  }

  /** The driver's own type. */
  public interface Vendor {}

  /** A connection. */
  private final class Driven {
    private final Connection proxy =
        (Connection)
            Proxy.newProxyInstance(
                OwnDeedsTest.class.getClassLoader(),
                new Class<?>[] {Connection.class, Vendor.class},
                (self, method, args) -> answer(method.getName(), args));
    private boolean closed;
    private boolean autoCommit = true;
    private @Nullable SQLWarning warnings;

    Driven() {
      opened.incrementAndGet();
    }

    private @Nullable Object answer(String name, Object @Nullable [] args) {
      calls.add(name);
      return switch (name) {
        case "createStatement" -> {
          warnings = new SQLWarning("a type of result set was changed");
          yield statement();
        }
        case "getWarnings" -> warnings;
        case "clearWarnings" -> {
          warnings = null;
          yield null;
        }
        case "close", "abort" -> {
          closed = true;
          yield null;
        }
        case "isClosed" -> closed;
        case "isValid" -> !closed;
        case "getAutoCommit" -> autoCommit;
        case "setAutoCommit" -> {
          autoCommit = args != null && Boolean.TRUE.equals(args[0]);
          yield null;
        }
        case "isReadOnly" -> false;
        case "getNetworkTimeout" -> 0;
        case "isWrapperFor" -> true;
        case "hashCode" -> System.identityHashCode(this);
        case "equals" -> args != null && args[0] == proxy;
        default -> null;
      };
    }

    private Statement statement() {
      return (Statement)
          Proxy.newProxyInstance(
              OwnDeedsTest.class.getClassLoader(),
              new Class<?>[] {Statement.class},
              (self, method, args) -> {
                if (!method.getName().startsWith("execute")) {
                  return method.getReturnType() == boolean.class ? (Object) false : null;
                }
                SQLException due = failure;
                if (closed) {
                  throw new SQLException("this connection is closed", "08003");
                }
                if (due != null) {
                  closed = closesWithFailure;
                  throw due;
                }
                return method.getReturnType() == boolean.class ? (Object) false : (Object) 0;
              });
    }
  }

  private static void run(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("select 1");
    }
  }

  /** A state that no classifier knows, and the connection is closed all the same. */
  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"HY000", "S1000", "72000"})
  void a_connection_that_its_driver_has_closed_is_not_lent_again(@Nullable String state)
      throws Exception {
    try (Pool pool = open()) {
      failure = new SQLException("something has happened", state);
      closesWithFailure = true;
      try (Connection connection = pool.getConnection()) {
        assertThat(catchThrowable(() -> run(connection))).isSameAs(failure);
      }
      failure = null;
      try (Connection next = pool.getConnection()) {
        run(next);
      }
      assertThat(opened).hasValue(2);
    }
  }

  /** And one that it hasn't closed is: the failure was the statement's. */
  @Test
  void a_connection_whose_statement_failed_is_lent_again() throws Exception {
    try (Pool pool = open()) {
      failure = new SQLException("something has happened", "HY000");
      for (int i = 0; i < 10; i++) {
        try (Connection connection = pool.getConnection()) {
          assertThat(catchThrowable(() -> run(connection))).isSameAs(failure);
        }
      }
      assertThat(opened).hasValue(1);
    }
  }

  private long fences() {
    return events.stream().filter(PoolEvent.Fenced.class::isInstance).count();
  }

  /** Nobody's server is down because somebody closes the driver's own connection. */
  @Test
  void what_a_borrower_closes_himself_is_no_evidence_against_the_server() throws Exception {
    try (Pool pool = open()) {
      for (int i = 0; i < 20; i++) {
        try (Connection connection = pool.getConnection()) {
          ((Connection) connection.unwrap(Vendor.class)).close();
          if (i % 2 == 0) {
            assertThat(catchThrowable(() -> run(connection))).isInstanceOf(SQLException.class);
          }
        }
      }
    }
    assertThat(fences()).isZero(); // the end has waited until all was told
    assertThat(opened).hasValueGreaterThan(19);
  }

  /** He has kept the driver's own object, and nobody is lent a connection that he is at. */
  @Test
  void what_a_borrower_does_afterwards_costs_the_next_one_nothing() throws Exception {
    FaultyDriver driver = new FaultyDriver(new Script());
    try (Pool pool = Everpool.builder(config()).connector(driver).listener(events::add).open()) {
      try (Connection connection = pool.getConnection()) {
        connection.unwrap(FaultyDriver.Own.class);
      }
      for (int i = 0; i < 3; i++) {
        pool.getConnection().close(); // he has done nothing
      }
      driver.disturb();
      for (int i = 0; i < 3; i++) {
        pool.getConnection().close();
      }
    }
    assertThat(events)
        .filteredOn(PoolEvent.ConnectionClosed.class::isInstance)
        .extracting(event -> ((PoolEvent.ConnectionClosed) event).reason())
        .containsExactlyInAnyOrder(CloseReason.RESET_FAILED, CloseReason.POOL_CLOSED);
    assertThat(fences()).isZero();
  }

  /** He may do so at each lease. */
  @Test
  void who_uses_what_he_has_kept_is_told_of_now_and_then() throws Exception {
    FaultyDriver driver = new FaultyDriver(new Script());
    long begun = System.nanoTime();
    try (Logged logged = new Logged()) {
      try (Pool pool = Everpool.builder(config()).connector(driver).open()) {
        for (int i = 0; i < 50; i++) {
          try (Connection connection = pool.getConnection()) {
            connection.unwrap(FaultyDriver.Own.class);
          }
          driver.disturb();
        }
        pool.getConnection().close();
      }
      long tens = Duration.ofNanos(System.nanoTime() - begun).toSeconds() / 10;
      String words = "was used while nobody had it";
      List<String> warned =
          logged.messages(Level.WARN).stream().filter(line -> line.contains(words)).toList();
      assertThat(warned).hasSizeBetween(1, 1 + (int) tens);
      assertThat(warned.get(0)).endsWith("until the connection is closed, and no longer");
      assertThat(logged.messages(Level.DEBUG))
          .filteredOn(line -> line.contains(words))
          .hasSize(50 - warned.size());
    }
  }

  /** And a time-out of his own is what he has asked for. */
  @Test
  void an_expiry_of_a_borrowers_own_time_out_is_no_evidence_against_the_server() throws Exception {
    try (Pool pool = open()) {
      failure = new SQLException("no answer within 20 ms", "08006");
      closesWithFailure = true;
      for (int i = 0; i < 20; i++) {
        try (Connection connection = pool.getConnection()) {
          connection.setNetworkTimeout(Runnable::run, 20);
          assertThat(catchThrowable(() -> run(connection))).isSameAs(failure);
        }
      }
    }
    assertThat(fences()).isZero();
  }

  /** The pool's own rollback and reset have the time that the pool gives them. */
  @Test
  void a_borrowers_time_out_is_undone_before_anything_else_is() throws Exception {
    try (Pool pool = open()) {
      try (Connection connection = pool.getConnection()) {
        connection.setNetworkTimeout(Runnable::run, 1);
        connection.setAutoCommit(false);
        run(connection);
        calls.clear();
      }
      assertThat(calls).startsWith("setNetworkTimeout").contains("rollback");
    }
  }

  @Test
  void warnings_do_not_survive_a_lease_in_which_nothing_ran() throws Exception {
    try (Pool pool = open()) {
      try (Connection connection = pool.getConnection()) {
        connection.createStatement();
        assertThat((Object) connection.getWarnings()).isNotNull();
      }
      try (Connection connection = pool.getConnection()) {
        assertThat((Object) connection.getWarnings()).isNull();
      }
    }
  }

  /** JDBC 4.3: before the borrower gets it, and after he has given it back. */
  @Test
  void a_driver_that_wants_to_know_is_told_where_the_uses_begin_and_end() throws Exception {
    try (Pool pool = open()) {
      pool.getConnection().close(); // whoever opened the pool was the first
      calls.clear();
      try (Connection connection = pool.getConnection()) {
        run(connection);
        assertThat(calls).startsWith("beginRequest").doesNotContain("endRequest");
      }
      assertThat(calls).endsWith("endRequest").doesNotContain("close");
    }
  }
}
