package io.everpool.core.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The forms in which a failure comes: by the driver, by its batches, by what is around it. */
class FailureTextTest {
  private static final SQLException LOST = new SQLException("FATAL: terminating", "57P01");

  static Stream<Arguments> forms() {
    return Stream.of(
        Arguments.of(LOST, "FATAL: terminating"),
        Arguments.of(new SQLException("ERROR: lost\n  Detail: (k)=(hunter2)"), "ERROR: lost"),
        Arguments.of(new SQLException((String) null), "null"),
        Arguments.of(new SQLException("\n"), "java.sql.SQLException"),
        Arguments.of(new IllegalStateException("args: hunter2", LOST), "FATAL: terminating"),
        Arguments.of(new IllegalStateException("hunter2"), "java.lang.IllegalStateException"),
        Arguments.of(batch(LOST, null), "FATAL: terminating"),
        Arguments.of(batch(null, LOST), "FATAL: terminating"),
        Arguments.of(batch(batch(LOST, null), null), "FATAL: terminating"),
        Arguments.of(new RuntimeException("hunter2", batch(LOST, null)), "FATAL: terminating"),
        Arguments.of(batch(null, null), "java.sql.BatchUpdateException"),
        Arguments.of(
            batch(null, new RuntimeException("hunter2")), "java.sql.BatchUpdateException"));
  }

  private static BatchUpdateException batch(SQLException next, Throwable cause) {
    BatchUpdateException batch =
        new BatchUpdateException(
            "Batch entry 0 insert into t values ('hunter2') was aborted", "57P01", 0, new int[0]);
    if (next != null) {
      batch.setNextException(next);
    }
    if (cause != null) {
      batch.initCause(cause);
    }
    return batch;
  }

  @ParameterizedTest
  @MethodSource("forms")
  void nothing_of_a_statement_is_told(Throwable failure, String told) {
    assertThat(FailureText.of(failure)).isEqualTo(told).doesNotContain("hunter2");
  }
}
