package io.everpool.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An exception that has gone to another process (RMI, a test's JVM) tells there what it told here.
 */
class SerializedExceptionsTest {
  private static final StackTraceElement FRAME =
      new StackTraceElement("shop.Orders", "list", "Orders.java", 12);
  private static final PoolSnapshot SNAPSHOT =
      PoolSnapshot.builder("shop")
          .state(PoolState.DRAINING)
          .maxSize(3)
          .closed(Map.of(CloseReason.FAILED, 5L))
          .lastConnectError("refused")
          .holders(
              List.of(
                  PoolSnapshot.Holder.of(7, "web-1", Duration.ofSeconds(2), List.of(FRAME))
                      .acquiredAt(List.of(FRAME))
                      .waiting(true)))
          .build();
  private static final SQLException CAUSE = new SQLException("gone", "08006");

  static Stream<Exception> exceptions() {
    return Stream.of(
        new AcquireTimeoutException("late", SNAPSHOT, CAUSE),
        new AcquireTimeoutException("late", SNAPSHOT, null),
        new TooManyWaitersException("many", SNAPSHOT),
        new PoolClosedException("shop"),
        new WorkDeadlineException("over", CAUSE),
        new WriteOutcomeUnknownException("lost", CAUSE),
        new CommitOutcomeUnknownException("lost", "742", CAUSE),
        new CommitOutcomeUnknownException("lost", null, null),
        new InvalidPoolConfigException(List.of("one", "two")));
  }

  @ParameterizedTest
  @MethodSource("exceptions")
  void tellsTheSame(Exception thrown) throws Exception {
    Exception there = sent(thrown);
    assertThat(there).hasSameClassAs(thrown).hasMessage(thrown.getMessage());
    if (thrown instanceof SQLException one && there instanceof SQLException other) {
      assertThat(other.getSQLState()).isEqualTo(one.getSQLState());
    }
    if (thrown.getCause() == null) {
      assertThat(there).hasNoCause();
    } else {
      assertThat(there).hasCause(thrown.getCause());
    }
  }

  @Test
  void theTransactionComesAlong() throws Exception {
    assertThat(sent(new CommitOutcomeUnknownException("lost", "742", CAUSE)).transactionId())
        .isEqualTo("742");
  }

  @Test
  void theSnapshotComesAlong() throws Exception {
    assertThat(sent(new AcquireTimeoutException("late", SNAPSHOT, CAUSE)).snapshot())
        .isEqualTo(SNAPSHOT);
    assertThat(sent(new TooManyWaitersException("many", SNAPSHOT)).snapshot()).isEqualTo(SNAPSHOT);
  }

  @Test
  void theProblemsComeAlong() throws Exception {
    assertThat(sent(new InvalidPoolConfigException(List.of("one", "two"))).problems())
        .containsExactly("one", "two");
  }

  @SuppressWarnings("unchecked")
  private static <T> T sent(T object) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(object);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (T) in.readObject();
    }
  }
}
