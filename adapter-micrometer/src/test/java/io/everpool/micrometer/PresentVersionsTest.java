package io.everpool.micrometer;

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
    "io/micrometer/core/instrument/MeterRegistry.class, micrometer-core",
    "META-INF/micrometer-registry-prometheus.properties, micrometer-registry-prometheus"
  })
  void theLibraryIsTheOneThatThisRunIsFor(String resource, String artifact) throws IOException {
    String version = System.getProperty("tested.micrometer");
    String jar = artifact + "-" + (version == null ? "" : version + ".jar!");

    assertThat(Collections.list(getClass().getClassLoader().getResources(resource)))
        .singleElement()
        .asString()
        .contains("/" + jar);
  }
}
