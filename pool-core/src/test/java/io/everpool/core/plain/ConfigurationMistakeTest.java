package io.everpool.core.plain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.mysql.cj.exceptions.WrongArgumentException;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.core.Everpool;
import java.lang.reflect.Proxy;
import java.net.ConnectException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.nio.file.InvalidPathException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each driver was seen to say of a configuration that it can't use, and what it isn't. */
class ConfigurationMistakeTest {
  private static SQLException said(String words, String state, int code) {
    return new SQLException(words, state, code);
  }

  private static SQLException becauseOf(Throwable cause) {
    return new SQLNonTransientConnectionException("could not", "08001", 0, cause);
  }

  static Stream<Exception> mistakes() {
    return Stream.of(
        said("URL format error; must be ...", "90046", 90046),
        said("A file path that is implicitly relative ...", "90011", 90011),
        said("Unsupported connection setting \"NOSUCH\"", "90113", 90113),
        said("Unknown mode \"nosuch\"", "90088", 90088),
        said("The URL 'jdbc:derby:x;foo' is not properly formed.", "XJ028", 40000),
        said("JDBC attribute 'create' has an invalid value 'maybe'", "XJ05B", 40000),
        said("Invalid argument in JDBC call", "S1000", -423),
        said("ORA-17067: Invalid Oracle URL specified", "99999", 17067),
        said("ORA-17866: Invalid number format for port number", "42000", 17866),
        said("ORA-17870: Connect identifier was empty.", "22004", 17870),
        said("path to '/no/such/x.db': '/no' does not exist", null, 0),
        said("[SQLITE_NOTADB] File opened that is not a database file (...)", null, 26),
        said("IO Error: Cannot open file \"/no/x.db\": No such file or directory", null, 0),
        said("IO Error: Could not read from file \"/tmp\": Is a directory", null, 0),
        said(
            "IO Error: The file \"/x\" exists, but it is not a valid DuckDB database file!",
            null,
            0),
        said("Incorrect port value : 1x", null, 0),
        said("error parsing url: Wrong argument value 'NOSUCH' for SslMode", null, 0),
        said("The port number 1x is not valid.", null, 0),
        said("The connection string contains a badly formed name or value.", null, 0),
        said("The EncryptOption value \"nosuch\" is not valid.", null, 0),
        said("The timeout abc is not valid.", null, 0),
        becauseOf(new WrongArgumentException("The connection property 'x' only accepts ...")),
        becauseOf(new IllegalArgumentException("port out of range:99999")),
        new NumberFormatException("For input string: \"x\""));
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void aMistakeIsKnown(Exception thrown) {
    assertThat(ConfigurationMistake.isToldBy(thrown, true)).isTrue();
    ConfigurationMistake told = ConfigurationMistake.of(thrown);
    assertThat((Throwable) told).hasMessageContaining(thrown.getMessage()).cause().isSameAs(thrown);
    assertThat(ConfigurationMistake.isIn(new SQLException("around it", told))).isTrue();
  }

  static Stream<Exception> others() {
    return Stream.of(
        becauseOf(new ConnectException("Connection refused")),
        becauseOf(new IllegalArgumentException(new ConnectException("Connection refused"))),
        said("Communications link failure", "08S01", 0),
        said("Login failed", "28000", 0),
        said("Database may be already in use", "90020", 90020),
        said("Failed to create database 'x', see the next exception for details.", "XJ041", 40000),
        said("[SQLITE_CANTOPEN] Unable to open the database file (...)", null, 14),
        said("[SQLITE_BUSY] The database file is locked (database is locked)", null, 5),
        said("IO Error: Could not set lock on file \"/x\": Conflicting lock is held", null, 0),
        said("ORA-12541: Cannot connect. No listener", "66000", 12541),
        said("path to '/no/such/x.db': '/no' does not exist", "08006", 0),
        said(null, null, 0),
        // the same numbers in other databases, SQL Server's first
        said("A failed assertion", "S0001", 17067),
        said("A failed assertion", "42000", 17067),
        said("A failed assertion", null, 17067),
        said("Something else", "99999", 17866),
        said("Something else", "HY000", 17870),
        said("Something else", "42000", -423),
        // a SocketChannel's, when DNS has failed for a moment
        new UnresolvedAddressException(),
        becauseOf(new UnresolvedAddressException()),
        becauseOf(new IllegalArgumentException(new UnresolvedAddressException())),
        new UnsupportedAddressTypeException(),
        becauseOf(new InvalidPathException("x", "of a class of its own")),
        new IllegalStateException("closed"));
  }

  @ParameterizedTest
  @MethodSource("others")
  void whatMayPassIsNone(Exception thrown) {
    assertThat(ConfigurationMistake.isToldBy(thrown, true)).isFalse();
    assertThat(ConfigurationMistake.isToldBy(thrown, false)).isFalse();
  }

  /** A user's own may look up a secret first, and not find it for a moment. */
  @ParameterizedTest
  @ValueSource(classes = {IllegalArgumentException.class, NumberFormatException.class})
  void anIllegalArgumentOfADataSourceIsNone(Class<? extends RuntimeException> type)
      throws Exception {
    RuntimeException thrown = type.getConstructor(String.class).newInstance("For input: \"\"");
    AtomicReference<Exception> failure = new AtomicReference<>(thrown);
    PlainConnector connector = PlainConnector.of(failing(failure));
    assertThatThrownBy(() -> connector.open(1)).isSameAs(thrown);
    SQLException around = becauseOf(thrown);
    failure.set(around);
    assertThatThrownBy(() -> connector.open(1)).isSameAs(around);
    failure.set(said("Unknown mode \"nosuch\"", "90088", 90088));
    assertThatThrownBy(() -> connector.open(1)).isInstanceOf(ConfigurationMistake.class);
  }

  /** It is gone for a while, as a volume that isn't mounted is. */
  @ParameterizedTest
  @MethodSource("mistakes")
  void aConfigurationThatHasWorkedIsNone(Exception thrown) throws SQLException {
    AtomicReference<Exception> failure = new AtomicReference<>();
    PlainConnector connector = PlainConnector.of(failing(failure));
    connector.open(1).close();
    failure.set(thrown);
    assertThatThrownBy(() -> connector.open(1)).isSameAs(thrown);
  }

  /** Connects to an H2 unless there is something to throw. */
  private static DataSource failing(AtomicReference<Exception> failure) {
    JdbcDataSource h2 = new JdbcDataSource();
    h2.setURL("jdbc:h2:mem:failing");
    return (DataSource)
        Proxy.newProxyInstance(
            ConfigurationMistakeTest.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (self, method, arguments) -> {
              Exception thrown = failure.get();
              if (thrown != null) {
                throw thrown;
              }
              return method.invoke(h2, arguments);
            });
  }

  /** At its opening the pool would else try again until acquire-timeout is over. */
  @ParameterizedTest
  @Timeout(120)
  @ValueSource(
      strings = {
        "jdbc:h2:relative",
        "jdbc:h2:mem:x;FOO",
        "jdbc:h2:mem:x;NOSUCH=1",
        "jdbc:h2:mem:x;MODE=nosuch"
      })
  void itIsToldAtOnce(String url) {
    PoolConfig config = PoolConfig.builder(url).acquireTimeout(Duration.ofHours(1)).build();
    assertThatThrownBy(() -> Everpool.open(config))
        .isInstanceOf(SQLException.class)
        .hasStackTraceContaining("The driver can't connect with this configuration");
  }

  /** The same words may come from a statement, whose connection is good. */
  @Test
  void aStatementsFailureIsNoMistakeOfTheConfiguration() {
    PlainConnector connector =
        PlainConnector.ofUrl(PoolConfig.builder("jdbc:h2:mem:statement").build());
    mistakes()
        .forEach(thrown -> assertThat(connector.classify(thrown)).isNotEqualTo(Verdict.REFUSED));
  }
}
