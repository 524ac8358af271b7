package io.everpool.postgresql.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LimitsTest {

  /** What is advised has to be what the server takes. */
  @ParameterizedTest
  @CsvSource({"1, 86400000", "24, 2073600000", "25, 2147483647", "365, 2147483647"})
  void a_timeout_that_the_server_lacks_is_advised_as_it_takes_it(int days, String millis) {
    PoolConfig config =
        PoolConfig.builder("jdbc:postgresql://localhost/app")
            .commandTimeout(Duration.ofDays(days))
            .build();
    assertThat(new Limits(config, Map.of("statement_timeout", Duration.ZERO)).advice())
        .singleElement()
        .asString()
        .endsWith("SET statement_timeout = " + millis);
  }
}
