package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CloseReason;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.ShardingKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A sharding key can be set and not asked for, so nothing brings the first one back. */
class ShardingKeysTest {
  private static final ShardingKey KEY = new ShardingKey() {};

  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);

  /** One of the four, and its name as the driver hears it. */
  private record Call(String name, Setter setter) {
    @Override
    public String toString() {
      return name;
    }
  }

  private interface Setter {
    void on(Connection connection) throws SQLException;
  }

  static List<Call> calls() {
    return List.of(
        new Call("setShardingKey", c -> c.setShardingKey(KEY)),
        new Call("setShardingKey", c -> c.setShardingKey(KEY, KEY)),
        new Call("setShardingKeyIfValid", c -> c.setShardingKeyIfValid(KEY, 1)),
        new Call("setShardingKeyIfValid", c -> c.setShardingKeyIfValid(KEY, KEY, 1)));
  }

  @ParameterizedTest
  @MethodSource("calls")
  void nobodyIsLentAConnectionThatHasAnothersKey(Call call) throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      call.setter().on(connection);
    }
    assertThat(leases.closed).containsExactly(CloseReason.RESET_FAILED);
    try (PooledConnection next = leases.acquire()) {
      assertThat(FakeLeaseManager.session(next).number()).isEqualTo(2);
    }
    assertThat(leases.released).as("which has none").hasValue(1);
  }

  /** Another session doesn't have it, so that a unit of work must not go on over one. */
  @ParameterizedTest
  @MethodSource("calls")
  void whatFollowsOnAnotherSessionWouldMissIt(Call call) throws SQLException {
    PooledConnection connection = leases.acquire();
    call.setter().on(connection);
    assertThat(FakeLeaseManager.session(connection).hasSideEffects()).isTrue();
  }

  /** Unless who sets it does so on every session. */
  @ParameterizedTest
  @MethodSource("calls")
  void whatAnInterceptorSetsIsSetAgain(Call call) throws SQLException {
    PooledConnection connection = leases.acquire();
    Session session = FakeLeaseManager.session(connection);
    session.settingUp(true);
    call.setter().on(connection);
    session.setUp();
    assertThat(session.hasSideEffects()).isFalse();
    connection.close();
    assertThat(leases.closed).containsExactly(CloseReason.RESET_FAILED);
  }

  /** The middle of a lease is no way round it. */
  @ParameterizedTest
  @MethodSource("calls")
  void aSessionWithAKeyCannotBeginAnew(Call call) throws SQLException {
    PooledConnection connection = leases.acquire();
    call.setter().on(connection);
    assertThatThrownBy(connection::beginAnew).hasMessageContaining("sharding key");
  }

  static Stream<Arguments> refusals() {
    return calls().stream()
        .flatMap(
            call ->
                Stream.<Throwable>of(
                        new SQLFeatureNotSupportedException("no shards", "0A000"),
                        new UnsupportedOperationException("no shards"))
                    .map(refusal -> Arguments.of(call, refusal)));
  }

  /** To try costs nothing with a driver that can't. */
  @ParameterizedTest
  @MethodSource("refusals")
  void aDriverWithoutTheFeatureLosesNoConnection(Call call, Throwable refusal) throws SQLException {
    PooledConnection connection = leases.acquire();
    refusal.setStackTrace(
        new StackTraceElement[] {
          new StackTraceElement(
              "org.example.ExampleConnection", "set", "ExampleConnection.java", 7),
          new StackTraceElement(
              ForwardingConnection.class.getName(), "set", "ForwardingConnection.java", 70)
        });
    driver.failNext(call.name(), refusal);
    assertThatThrownBy(() -> call.setter().on(connection)).hasMessage("no shards");
    connection.close();
    assertThat(leases.released).hasValue(1);
  }

  /** Whether another failure came before it was set or after, nobody knows. */
  @ParameterizedTest
  @MethodSource("calls")
  void aFailureMayHaveSetIt(Call call) throws SQLException {
    PooledConnection connection = leases.acquire();
    driver.failNext(call.name(), new SQLException("hm", "HY000"));
    assertThatThrownBy(() -> call.setter().on(connection)).hasMessage("hm");
    connection.close();
    assertThat(leases.closed).containsExactly(CloseReason.RESET_FAILED);
  }

  @Test
  void aKeyThatIsNotValidIsNotSet() throws SQLException {
    PooledConnection connection = leases.acquire();
    FakeLeaseManager.physical(connection).invalid();
    assertThat(connection.setShardingKeyIfValid(KEY, 1)).isFalse();
    assertThat(connection.setShardingKeyIfValid(KEY, KEY, 1)).isFalse();
    connection.close();
    assertThat(leases.released).hasValue(1);
  }

  /** Whatever a later JDBC lets a program set must have its place here. */
  @Test
  void everySetterIsUndoneOrCannotBe() {
    Map<String, Setting> undone = new HashMap<>();
    undone.put("setAutoCommit", Setting.AUTO_COMMIT);
    undone.put("setReadOnly", Setting.READ_ONLY);
    undone.put("setTransactionIsolation", Setting.ISOLATION);
    undone.put("setCatalog", Setting.CATALOG);
    undone.put("setSchema", Setting.SCHEMA);
    undone.put("setHoldability", Setting.HOLDABILITY);
    undone.put("setNetworkTimeout", Setting.NETWORK_TIMEOUT);
    undone.put("setClientInfo", Setting.CLIENT_INFO);
    undone.put("setTypeMap", Setting.TYPE_MAP);
    assertThat(undone.values()).containsExactlyInAnyOrder(Setting.values());

    Set<String> known = new TreeSet<>(undone.keySet());
    known.add("setSavepoint"); // goes with its transaction
    calls().forEach(call -> known.add(call.name())); // the connection goes
    Set<String> setters = new TreeSet<>();
    for (Method method : AnyCall.methods(Connection.class)) {
      if (method.getName().startsWith("set")) {
        setters.add(method.getName());
      }
    }
    assertThat(setters).isEqualTo(known);
  }
}
