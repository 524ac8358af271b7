package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.CloseReason;
import java.sql.ClientInfoStatus;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Map;
import java.util.Properties;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a driver can't set wasn't set: whoever tries it and goes on costs no connection. */
@Tag("contract")
class MissingSettersTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);

  private interface Call {
    void on(Connection connection) throws SQLException;
  }

  /** A pair of JDBC's, and a call of the setter. */
  private record Pair(String getter, String setter, Call call) {
    @Override
    public String toString() {
      return setter;
    }
  }

  private static final Pair AUTO_COMMIT =
      new Pair("getAutoCommit", "setAutoCommit", c -> c.setAutoCommit(false));
  private static final Pair CLIENT_INFO =
      new Pair("getClientInfo", "setClientInfo", c -> c.setClientInfo("x", "y"));
  private static final Pair TYPE_MAP =
      new Pair("getTypeMap", "setTypeMap", c -> c.setTypeMap(Map.of("x", String.class)));

  static Stream<Pair> pairs() {
    return Stream.of(
        AUTO_COMMIT,
        new Pair("isReadOnly", "setReadOnly", c -> c.setReadOnly(true)),
        new Pair(
            "getTransactionIsolation",
            "setTransactionIsolation",
            c -> c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE)),
        new Pair("getCatalog", "setCatalog", c -> c.setCatalog("x")),
        new Pair("getSchema", "setSchema", c -> c.setSchema("x")),
        new Pair(
            "getHoldability",
            "setHoldability",
            c -> c.setHoldability(ResultSet.HOLD_CURSORS_OVER_COMMIT)),
        new Pair(
            "getNetworkTimeout", "setNetworkTimeout", c -> c.setNetworkTimeout(Runnable::run, 7)),
        CLIENT_INFO,
        TYPE_MAP);
  }

  private static SQLException unsupported() {
    return new SQLFeatureNotSupportedException("not here", "HYC00");
  }

  /** What a driver throws whose method is nothing more than that. */
  private static RuntimeException stub() {
    RuntimeException thrown = new UnsupportedOperationException("not here");
    thrown.setStackTrace(
        new StackTraceElement[] {
          new StackTraceElement(
              "org.example.ExampleConnection", "set", "ExampleConnection.java", 7),
          new StackTraceElement(
              ForwardingConnection.class.getName(), "set", "ForwardingConnection.java", 70)
        });
    return thrown;
  }

  /** How a driver may say so; but of client info by its own exception. */
  private static Stream<Supplier<Throwable>> words(Pair pair) {
    return Stream.of(
        () -> pair == CLIENT_INFO ? new SQLClientInfoException(null, unsupported()) : unsupported(),
        AbstractMethodError::new,
        MissingSettersTest::stub);
  }

  static Stream<Arguments> sayings() {
    return pairs().flatMap(pair -> words(pair).map(words -> Arguments.of(pair, words)));
  }

  static Stream<Arguments> missing() {
    return pairs()
        .flatMap(
            pair ->
                words(pair)
                    .flatMap(
                        words ->
                            Stream.of(true, false)
                                .filter(both -> !both || pair != AUTO_COMMIT) // which all have
                                .map(both -> Arguments.of(pair, words, both))));
  }

  /** Has it fail as often as anybody may call it. */
  private void without(String method, Supplier<Throwable> words) {
    for (int i = 0; i < 20; i++) {
      driver.failNext(method, words.get());
    }
  }

  @ParameterizedTest
  @MethodSource("missing")
  void nothingIsUndone(Pair pair, Supplier<Throwable> words, boolean getterAsWell)
      throws SQLException {
    without(pair.setter(), words);
    if (getterAsWell) {
      without(pair.getter(), pair == CLIENT_INFO ? MissingSettersTest::unsupported : words::get);
    }
    for (int i = 0; i < 3; i++) {
      PooledConnection connection = leases.acquire();
      assertThat(catchThrowable(() -> pair.call().on(connection))).isNotNull();
      assertThat(catchThrowable(() -> pair.call().on(connection))).as("again").isNotNull();
      driver.calls.clear();
      connection.close();
      assertThat(driver.calls).noneMatch(call -> call.startsWith("set"));
    }
    assertThat(leases.session).as("connections").hasValue(1);
    assertThat(leases.released).hasValue(3);
    assertThat(leases.doomed).isEmpty();
  }

  static Stream<Arguments> unreadable() {
    return pairs()
        .filter(pair -> pair != AUTO_COMMIT) // which all have
        .flatMap(
            pair ->
                Stream.<Supplier<Throwable>>of(
                        MissingSettersTest::unsupported,
                        AbstractMethodError::new,
                        MissingSettersTest::stub)
                    .map(words -> Arguments.of(pair, words)));
  }

  /** What can't be asked for can be set all the same, as without a pool. */
  @ParameterizedTest
  @MethodSource("unreadable")
  void aSetterNeedsNoGetter(Pair pair, Supplier<Throwable> words) throws SQLException {
    without(pair.getter(), words);
    PooledConnection connection = leases.acquire();
    pair.call().on(connection);
    assertThat(driver.calls).anyMatch(call -> call.startsWith(pair.setter()));
    connection.setAutoCommit(false);
    connection.close();
    assertThat(leases.doomed).isEmpty();
  }

  static Stream<Arguments> carriedOver() {
    // a call sets a piece of the client info, and the whole can't be known
    return unreadable().filter(given -> given.get()[0] != CLIENT_INFO);
  }

  /** Nor does a unit of work, which may have to set it on another connection. */
  @ParameterizedTest
  @MethodSource("carriedOver")
  void aSetterNeedsNoGetterToBeCarriedOver(Pair pair, Supplier<Throwable> words)
      throws SQLException {
    without(pair.getter(), words);
    PooledConnection connection = leases.acquire();
    pair.call().on(connection);
    assertThat(connection.state().has(Setting.TYPE_MAP)).isEqualTo(pair == TYPE_MAP);
    connection.close();
  }

  /** DuckDB's driver says of the getter that it doesn't have it, and of the setter nothing. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void clientInfoThatCanBeNeitherReadNorSetIsNotUndone(boolean several) throws SQLException {
    without("getClientInfo", MissingSettersTest::unsupported);
    without("setClientInfo", SQLClientInfoException::new);
    Properties info = new Properties();
    info.setProperty("x", "y");
    for (int i = 0; i < 3; i++) {
      PooledConnection connection = leases.acquire();
      assertThat(
              catchThrowable(
                  () -> {
                    if (several) {
                      connection.setClientInfo(info);
                    } else {
                      connection.setClientInfo("x", "y");
                    }
                  }))
          .isInstanceOf(SQLClientInfoException.class);
      connection.close();
    }
    assertThat(leases.session).as("connections").hasValue(1);
    assertThat(leases.released).hasValue(3);
  }

  /** If it couldn't be read for another reason, nobody knows what a part of it was before. */
  @Test
  void clientInfoThatCouldNotBeReadThisTimeIsNotTrusted() throws SQLException {
    driver.failNext("getClientInfo", new SQLException("no memory", "53200"));
    driver.failNext("setClientInfo", new SQLClientInfoException());
    PooledConnection connection = leases.acquire();
    assertThat(catchThrowable(() -> connection.setClientInfo("x", "y")))
        .isInstanceOf(SQLClientInfoException.class);
    connection.close();
    assertThat(leases.closed).containsExactly(CloseReason.RESET_FAILED);
  }

  /** A driver may take one value and no other. */
  @ParameterizedTest
  @MethodSource("sayings")
  void whatWasSetBeforeIsUndone(Pair pair, Supplier<Throwable> words) throws SQLException {
    PooledConnection connection = leases.acquire();
    FakePhysical physical = FakeLeaseManager.physical(connection);
    pair.call().on(connection);
    driver.failNext(pair.setter(), words.get());
    assertThat(catchThrowable(() -> pair.call().on(connection))).isNotNull();
    driver.calls.clear();
    connection.close();
    if (pair.setter().equals("setSchema")) { // is SET in SQL
      assertThat(physical.resets).containsExactly("SMART " + FakeConnector.SET);
    } else {
      assertThat(driver.calls).anyMatch(call -> call.startsWith(pair.setter()));
    }
    assertThat(leases.released).hasValue(1);
  }

  /** pgjdbc says so of client info of which it knows a part. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aPartOfTheClientInfoIsUndone(boolean part) throws SQLException {
    Properties two = new Properties();
    two.setProperty("x", "1");
    two.setProperty("y", "2");
    ClientInfoStatus unknown = ClientInfoStatus.REASON_UNKNOWN_PROPERTY;
    driver.failNext(
        "setClientInfo",
        new SQLClientInfoException(
            "not here", "0A000", part ? Map.of("x", unknown) : Map.of("x", unknown, "y", unknown)));
    PooledConnection connection = leases.acquire();
    assertThat(catchThrowable(() -> connection.setClientInfo(two))).isNotNull();
    driver.calls.clear();
    connection.close();
    assertThat(driver.calls.contains("setClientInfo({})")).isEqualTo(part);
    assertThat(leases.released).hasValue(1);
  }

  static Stream<Properties> several() {
    Properties two = new Properties();
    two.setProperty("x", "1");
    two.setProperty("y", "2");
    Properties oneAndADefault = new Properties(two);
    oneAndADefault.setProperty("x", "3");
    return Stream.of(two, oneAndADefault);
  }

  /** A driver may set one by one, and have a method of its own throw for the second. */
  @ParameterizedTest
  @MethodSource("several")
  void clientInfoOfWhichAStubMayHaveTakenAPartIsUndone(Properties several) throws SQLException {
    PooledConnection connection = leases.acquire();
    driver.failNext("setClientInfo", stub());
    assertThat(catchThrowable(() -> connection.setClientInfo(several)))
        .isInstanceOf(UnsupportedOperationException.class);
    driver.calls.clear();
    connection.close();
    assertThat(driver.calls).contains("setClientInfo({})");
    assertThat(leases.released).hasValue(1);
  }

  /** One piece is set or not, however it is given. */
  @Test
  void aPieceOfTheClientInfoThatAStubHasRefusedIsNotUndone() throws SQLException {
    Properties one = new Properties();
    one.setProperty("x", "1");
    PooledConnection connection = leases.acquire();
    driver.failNext("setClientInfo", stub());
    assertThat(catchThrowable(() -> connection.setClientInfo(one)))
        .isInstanceOf(UnsupportedOperationException.class);
    driver.calls.clear();
    connection.close();
    assertThat(driver.calls).noneMatch(call -> call.startsWith("set"));
    assertThat(leases.released).hasValue(1);
  }

  static Stream<Arguments> ofATypeMap() {
    return words(TYPE_MAP)
        .flatMap(words -> Stream.of(true, false).map(putsInto -> Arguments.of(words, putsInto)));
  }

  /** To read it is no change; but where somebody has put something into it, that stays. */
  @ParameterizedTest
  @MethodSource("ofATypeMap")
  void aTypeMapThatCannotBeSetMayBeRead(Supplier<Throwable> words, boolean putsInto)
      throws SQLException {
    without(TYPE_MAP.setter(), words);
    PooledConnection connection = leases.acquire();
    Map<String, Class<?>> map = connection.getTypeMap();
    if (putsInto) {
      map.put("x", String.class);
    }
    connection.close();
    assertThat(leases.released).hasValue(putsInto ? 0 : 1);
    assertThat(leases.closed.contains(CloseReason.RESET_FAILED)).isEqualTo(putsInto);
  }

  static Stream<Supplier<Throwable>> wordsOfATypeMap() {
    return words(TYPE_MAP);
  }

  @ParameterizedTest
  @MethodSource("wordsOfATypeMap")
  void aTypeMapThatIsNotThereMayBeAskedFor(Supplier<Throwable> words) throws SQLException {
    without(TYPE_MAP.getter(), words);
    PooledConnection connection = leases.acquire();
    assertThat(catchThrowable(connection::getTypeMap)).isNotNull();
    connection.close();
    assertThat(leases.released).hasValue(1);
  }
}
