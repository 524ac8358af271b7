package io.everpool.core.plain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PlainConnectionTest {
  private final List<String> calls = new ArrayList<>();
  private boolean abortCloses = true;
  private final LifeSigns lifeSigns = new LifeSigns("the driver of a test");

  private final HiddenPostgres hidden = new HiddenPostgres("the driver of a test");

  private PlainConnection plain(Connection connection) {
    return new PlainConnection(connection, lifeSigns, hidden, false);
  }

  /** A connection that notes what is called; its rollback fails if asked to. */
  private Connection driver(boolean autoCommit, boolean rollbackFails) {
    return (Connection)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("getAutoCommit")) {
                return autoCommit;
              }
              if (method.getName().equals("isClosed")) {
                return calls.contains("close") || calls.contains("abort") && abortCloses;
              }
              calls.add(method.getName());
              if (rollbackFails && method.getName().equals("rollback")) {
                throw new SQLException("gone", "08006");
              }
              return null;
            });
  }

  /** JDBC leaves it to the driver what a close does to an open transaction, and some commit it. */
  @Test
  void nothing_uncommitted_is_committed_by_a_close() throws SQLException {
    plain(driver(false, false)).close();
    assertThat(calls).containsExactly("rollback", "close");
  }

  /** Its driver would wait for ever behind a copy that was left under way. */
  @Test
  void postgresql_rolls_back_by_itself() throws SQLException {
    hidden.meet(
        (Connection)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Connection.class},
                (proxy, method, arguments) ->
                    Proxy.newProxyInstance(
                        getClass().getClassLoader(),
                        new Class<?>[] {DatabaseMetaData.class},
                        (data, asked, none) -> "PostgreSQL")));
    plain(driver(false, false)).close();
    assertThat(calls).containsExactly("close");
  }

  @Test
  void with_autocommit_there_is_nothing_to_roll_back() throws SQLException {
    plain(driver(true, false)).close();
    assertThat(calls).containsExactly("close");
  }

  @Test
  void a_connection_that_cannot_roll_back_is_cut_instead() throws SQLException {
    plain(driver(false, true)).close();
    assertThat(calls).containsExactly("rollback", "abort");
  }

  /** As SQLite's driver: the connection would stay open, with its locks, and its place be free. */
  @Test
  void a_driver_whose_abort_does_nothing_is_asked_to_close() throws SQLException {
    abortCloses = false;
    plain(driver(true, false)).abort();
    assertThat(calls).containsExactly("abort", "close");
    calls.clear();
    plain(driver(false, true)).close();
    assertThat(calls).containsExactly("rollback", "abort", "close");
  }

  /** A connection that throws this whenever it is asked whether it is valid. */
  private Connection mute(Throwable refusal, AtomicBoolean closed) {
    return (Connection)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, arguments) -> {
              calls.add(method.getName());
              if (method.getName().equals("isValid")) {
                throw refusal;
              }
              return closed.get();
            });
  }

  private static AbstractMethodError thrownBy(String type, String method) {
    AbstractMethodError error = new AbstractMethodError();
    error.setStackTrace(
        new StackTraceElement[] {new StackTraceElement(type, method, type + ".java", 1)});
    return error;
  }

  static Stream<Throwable> refusals() {
    return Stream.of(
        new AbstractMethodError("isValid(I)Z"), // here, as a call of what isn't there
        thrownBy("net.sourceforge.jtds.jdbc.JtdsConnection", "isValid"),
        new SQLFeatureNotSupportedException("isValid", "0A000"),
        new UnsupportedOperationException());
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void a_driver_that_cannot_be_asked_is_asked_once_and_told_of(Throwable refusal)
      throws SQLException {
    AtomicInteger told = new AtomicInteger();
    lifeSigns.whenNoted(told::incrementAndGet);
    AtomicBoolean closed = new AtomicBoolean();
    for (int i = 0; i < 3; i++) {
      plain(mute(refusal, closed)).validate(1);
    }
    assertThat(calls).containsExactly("isValid", "isClosed", "isClosed", "isClosed");
    assertThat(told).hasValue(1);
    assertThat(lifeSigns.notes())
        .singleElement()
        .asString()
        .contains("isValid doesn't work with the driver of a test", "is found when it is used");
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void one_that_its_driver_has_closed_is_dead_all_the_same(Throwable refusal) {
    PlainConnection connection = plain(mute(refusal, new AtomicBoolean(true)));
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> connection.validate(1))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08006"));
    }
  }

  @Test
  void a_log_that_fails_costs_no_connection() throws SQLException {
    lifeSigns.whenNoted(
        () -> {
          throw new IllegalStateException("no room for the log");
        });
    plain(mute(new UnsupportedOperationException(), new AtomicBoolean())).validate(1);
    assertThat(lifeSigns.notes()).hasSize(1);
  }

  /** What the driver misses on the way says nothing of whether it can be asked. */
  @Test
  void a_driver_that_fails_at_it_is_asked_again() {
    for (Throwable failure :
        new Throwable[] {
          new SQLException("gone", "08006"),
          new IllegalStateException(),
          thrownBy("org.driver.Protocol", "ping")
        }) {
      PlainConnection connection = plain(mute(failure, new AtomicBoolean()));
      assertThat(catchThrowable(() -> connection.validate(1))).isSameAs(failure);
    }
    assertThat(calls).containsExactly("isValid", "isValid", "isValid");
    assertThat(lifeSigns.notes()).isEmpty();
  }
}
