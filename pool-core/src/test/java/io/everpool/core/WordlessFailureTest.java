package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolEvent.ConnectFailed;
import io.everpool.core.jdbc.Logged;
import java.lang.reflect.Proxy;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sql.DataSource;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A driver may fail to open a connection without a word: that is a failure all the same. */
class WordlessFailureTest {

  private static DataSource failing(SQLException failure) {
    return (DataSource)
        Proxy.newProxyInstance(
            DataSource.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("getConnection")) {
                throw failure;
              }
              return method.getReturnType() == int.class ? 0 : null;
            });
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", " "})
  void isShownByItsClass(String message) throws SQLException {
    List<PoolEvent> events = new CopyOnWriteArrayList<>();
    PoolConfig config =
        PoolConfig.builder("jdbc:silent:").name("silent").minSize(1).failFast(false).build();
    try (Logged logged = new Logged();
        Pool pool =
            Everpool.builder(config)
                .dataSource(failing(new SQLException(message, "28000")))
                .listener(events::add)
                .open()) {
      Await.until(() -> events.stream().anyMatch(ConnectFailed.class::isInstance), "a failure");
      assertThat(pool.snapshot().lastConnectError()).contains("java.sql.SQLException");
      assertThat(pool.snapshot())
          .hasToString(
              "silent OPEN last-connect-failed: 0 of 20 connections (0 leased, 0 idle), 0 waiting");
      assertThat(events)
          .filteredOn(ConnectFailed.class::isInstance)
          .extracting(event -> ((ConnectFailed) event).message())
          .allMatch(told -> told.contains("java.sql.SQLException"));
      // the listener hears of it first
      Await.until(
          () ->
              logged.messages(Level.WARN).stream()
                  .anyMatch(line -> line.endsWith("java.sql.SQLException")),
          "its line");
    }
  }
}
