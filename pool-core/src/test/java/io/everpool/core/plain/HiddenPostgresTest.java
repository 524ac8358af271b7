package io.everpool.core.plain;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** PostgreSQL without its adapter is told of once, and nothing else is taken for it. */
class HiddenPostgresTest {

  /** What a driver answers. */
  private interface Answer {
    Object to(String method) throws Throwable;
  }

  private final AtomicInteger told = new AtomicInteger();

  private PlainConnector connector(Answer answer) {
    DatabaseMetaData data =
        proxy(DatabaseMetaData.class, method -> answer.to("product: " + method));
    Connection connection =
        proxy(
            Connection.class,
            method -> {
              answer.to(method);
              return data;
            });
    DataSource source = proxy(DataSource.class, method -> connection);
    PlainConnector connector = PlainConnector.of(source);
    connector.whenNoted(told::incrementAndGet);
    return connector;
  }

  private static <T> T proxy(Class<T> type, Answer answer) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> answer.to(method.getName())));
  }

  @Test
  void it_is_told_once_however_many_connections_there_are() throws SQLException {
    PlainConnector connector = connector(method -> "PostgreSQL");
    assertThat(connector.notes()).isEmpty();
    connector.open(1);
    connector.open(1);
    assertThat(told).hasValue(1);
    assertThat(connector.notes())
        .singleElement()
        .asString()
        .contains("served without its adapter", "the DataSource given (");
  }

  @Test
  void a_log_that_fails_costs_no_connection() throws SQLException {
    PlainConnector connector = connector(method -> "PostgreSQL");
    connector.whenNoted(
        () -> {
          throw new IllegalStateException("no room for the log");
        });
    assertThat(connector.open(1).jdbc()).isNotNull();
    assertThat(connector.notes()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"H2", "MySQL", ""})
  void another_database_is_none(String product) throws SQLException {
    PlainConnector connector = connector(method -> product);
    connector.open(1);
    assertThat(connector.notes()).isEmpty();
    assertThat(told).hasValue(0);
  }

  /** And the connection is none the worse. */
  @ParameterizedTest
  @ValueSource(strings = {"getMetaData", "product: getDatabaseProductName"})
  void a_driver_that_cannot_say_is_none(String silent) throws SQLException {
    for (Throwable failure :
        new Throwable[] {new SQLException("x"), new AbstractMethodError(), new AssertionError()}) {
      PlainConnector connector =
          connector(
              method -> {
                if (method.equals(silent)) {
                  throw failure;
                }
                return "PostgreSQL";
              });
      assertThat(connector.open(1).jdbc()).isNotNull();
      assertThat(connector.notes()).isEmpty();
    }
  }
}
