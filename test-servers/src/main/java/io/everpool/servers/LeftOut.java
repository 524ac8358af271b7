package io.everpool.servers;

import java.util.Optional;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;

/**
 * Says in the build's output which tests were left out for want of something, and what that is:
 * those whose assumption doesn't hold. JUnit finds it by itself.
 */
public final class LeftOut implements TestExecutionListener {

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    if (result.getStatus() == TestExecutionResult.Status.ABORTED) {
      String why = result.getThrowable().map(Throwable::getMessage).orElse("nobody says why");
      System.out.println("Left out: " + where(test) + " " + test.getDisplayName() + ": " + why);
    }
  }

  private static String where(TestIdentifier test) {
    return test.getSource()
        .flatMap(
            source ->
                source instanceof ClassSource in
                    ? Optional.of(in.getClassName())
                    : source instanceof MethodSource of
                        ? Optional.of(of.getClassName())
                        : Optional.<String>empty())
        .map(name -> name.substring(name.lastIndexOf('.') + 1))
        .orElse("?");
  }
}
