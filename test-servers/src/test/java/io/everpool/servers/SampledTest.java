package io.everpool.servers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SampledTest {
  /** What JUnit calls the case that is running. */
  private String uniqueId = "";

  @RegisterExtension
  final BeforeEachCallback remember =
      (ExtensionContext context) -> uniqueId = context.getUniqueId();

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void theFirstCaseAndEveryNthFromThere(int number, TestInfo test) {
    assertThat(test.getDisplayName()).contains("[" + number + "]");
    assertThat(Sampled.Condition.isLeftOut(uniqueId, 7)).isEqualTo(number != 1 && number != 8);
    assertThat(Sampled.Condition.isLeftOut(uniqueId, 3)).isEqualTo(number % 3 != 1);
    assertThat(Sampled.Condition.isLeftOut(uniqueId, 1)).as("all of them").isFalse();
  }

  @Test
  void whatIsNoCaseOfSeveralRuns() {
    List<Integer> samples = IntStream.rangeClosed(1, 9).boxed().toList();
    assertThat(samples).noneMatch(sample -> Sampled.Condition.isLeftOut(uniqueId, sample));
  }
}
