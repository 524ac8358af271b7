package io.everpool.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Collections;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** That the tests run with the versions that they are meant to run with. */
@Tag("contract")
class PresentVersionsTest {

  /** So that no run can be of another version than the one that it is for, nor of two at once. */
  @ParameterizedTest
  @CsvSource({
    "com.codahale.metrics.MetricRegistry, metrics-core, metrics",
    "com.codahale.metrics.health.HealthCheck, metrics-healthchecks, metrics"
  })
  void theLibraryIsTheOneThatThisRunIsFor(String type, String artifact, String property)
      throws IOException {
    String version = System.getProperty("tested." + property);
    String jar = artifact + "-" + (version == null ? "" : version + ".jar!");

    assertThat(
            Collections.list(
                getClass().getClassLoader().getResources(type.replace('.', '/') + ".class")))
        .singleElement()
        .asString()
        .contains("/" + jar);
  }
}
