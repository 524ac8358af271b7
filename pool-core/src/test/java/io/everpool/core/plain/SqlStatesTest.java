package io.everpool.core.plain;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.driver.Verdict;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SqlStatesTest {

  /** Frameworks link exceptions in circles; whoever follows them for ever hangs the caller. */
  @Test
  @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void causesThatGoInCirclesAreLeftAtSomePoint() {
    RuntimeException one = new RuntimeException("one");
    one.initCause(new RuntimeException("two", one));
    assertThat(SqlStates.verdict(one)).isEqualTo(Verdict.CALLER);
    SQLException lost = new SQLException("lost", "08006");
    lost.initCause(new RuntimeException(lost));
    assertThat(SqlStates.verdict(lost)).isEqualTo(Verdict.CONNECTION_LOST);
  }
}
