package io.everpool.postgresql.url;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.postgresql.PostgresAdapter;
import io.everpool.postgresql.driver.WrappingDriver;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What stands around a URL of pgjdbc's, and what doesn't belong to it. */
class WrappedUrlTest {

  @Test
  void theDriversAroundItAreNamedFromTheOutermost() {
    assertThat(Destinations.around("JDBC:OTel:P6Spy:postgresql://h/d"))
        .containsExactly(WrappingDriver.OPEN_TELEMETRY, WrappingDriver.P6SPY);
    assertThat(Destinations.around("SPRING_DATASOURCE_URL='jdbc:p6spy:postgresql://h/d'"))
        .containsExactly(WrappingDriver.P6SPY);
    assertThat(Destinations.around("jdbc:postgresql://p6spy:5432/otel")).isEmpty();
    assertThat(WrappedUrl.of("jdbc:otel:postgresql://h/p6spy:x").within())
        .isEqualTo("jdbc:postgresql://h/p6spy:x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:p6spy:mysql://h/d",
        "jdbc:otel:",
        "jdbc:tc:postgresql:16:///d",
        "jdbc:aws-wrapper:postgresql://h/d",
        "jdbc:p6spy:aws-wrapper:postgresql://h/d",
        "p6spy:postgresql://h/d"
      })
  void whatIsAnotherDatabasesOrChoosesItsServerIsNotForThisAdapter(String url) {
    assertThat(Destinations.accepts(url)).isFalse();
    assertThat(Destinations.around(url)).isEqualTo(List.of());
  }

  /** Here none of them is on the class path. */
  @ParameterizedTest
  @CsvSource({
    "jdbc:p6spy:postgresql://h/d?user=u&password=hunter2, p6spy:p6spy",
    "jdbc:otel:postgresql://h/d?user=u&password=hunter2, opentelemetry-jdbc",
    "jdbc:otel:p6spy:postgresql://h/d?user=u&password=hunter2, p6spy:p6spy",
  })
  void aDriverThatIsMissingIsNamedWithWhatToAdd(String url, String artifact) {
    PoolConfig config = PoolConfig.builder(url).build();
    assertThatThrownBy(() -> new PostgresAdapter().connector(config))
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining(artifact)
        .hasMessageContaining("on the class path")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void whatIsWrongWithinIsToldAsWithoutThem() {
    PoolConfig config =
        PoolConfig.builder("jdbc:p6spy:postgres://h/d?user=u&password=hunter2").build();
    assertThatThrownBy(() -> new PostgresAdapter().connector(config))
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("must with jdbc:postgresql:")
        .hasMessageNotContaining("hunter2");
  }
}
