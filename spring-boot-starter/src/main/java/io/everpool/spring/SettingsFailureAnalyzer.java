package io.everpool.spring;

import io.everpool.api.InvalidPoolConfigException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says in the report of a failed start everything that is wrong with the settings, all at once. */
final class SettingsFailureAnalyzer extends AbstractFailureAnalyzer<InvalidPoolConfigException> {

  SettingsFailureAnalyzer() {}

  @Override
  protected FailureAnalysis analyze(Throwable root, InvalidPoolConfigException cause) {
    return new FailureAnalysis(
        String.valueOf(cause.getMessage()),
        "Change what is named there; what each setting is the README of Everpool tells.",
        cause);
  }
}
