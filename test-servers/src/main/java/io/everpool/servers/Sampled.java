package io.everpool.servers;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Of a parameterized test {@code -Dtests.sample=N} runs the first case and every N-th from there;
 * the others are counted as skipped. For matrices that need a whole walk in one build only.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ExtendWith(Sampled.Condition.class)
public @interface Sampled {

  /** Asked for each case, before anything is made for it. */
  final class Condition implements ExecutionCondition {
    private static final int SAMPLE = Integer.getInteger("tests.sample", 1);
    private static final Pattern CASE = Pattern.compile("\\[test-template-invocation:#(\\d+)]$");

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      return isLeftOut(context.getUniqueId(), SAMPLE)
          ? ConditionEvaluationResult.disabled("not in the sample")
          : ConditionEvaluationResult.enabled("in the sample, or no case of several");
    }

    static boolean isLeftOut(String uniqueId, int sample) {
      Matcher number = CASE.matcher(uniqueId);
      return number.find() && (Integer.parseInt(number.group(1)) - 1) % sample != 0;
    }
  }
}
