package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.core.env.StandardEnvironment;

/** Properties of the driver's that a variable sets beside a file, which alone can spell them. */
class SpellingTest {
  private static final String NAME = "ApplicationName";

  private static SpringSettings settings(List<String> variables, String... file) {
    StandardEnvironment environment = Settings.environment(file);
    environment.getPropertySources().addFirst(Settings.variables(variables.toArray(String[]::new)));
    return new SpringSettings(environment, new DefaultListableBeanFactory());
  }

  @ParameterizedTest
  @CsvSource({
    "EVERPOOL_PROPERTIES_APPLICATIONNAME, everpool.properties.ApplicationName, variable",
    "EVERPOOL_PROPERTIES_APPLICATIONNAME,"
        + " spring.datasource.hikari.data-source-properties.ApplicationName, variable",
    "SPRING_DATASOURCE_HIKARI_DATASOURCEPROPERTIES_APPLICATIONNAME,"
        + " spring.datasource.hikari.data-source-properties.ApplicationName, variable",
    "SPRING_DATASOURCE_HIKARI_DATASOURCEPROPERTIES_APPLICATIONNAME,"
        + " everpool.properties.ApplicationName, file"
  })
  void aVariableSetsWhatAFileSpells(String variable, String property, String counts) {
    SpringSettings settings =
        settings(List.of(variable, "variable"), "everpool.url", Settings.URL, property, "file");

    assertThat(settings.main().properties()).isEqualTo(Map.of(NAME, counts));
  }

  /** What a named pool doesn't say is as the main pool has it. */
  @ParameterizedTest
  @CsvSource({
    "EVERPOOL_PROPERTIES_APPLICATIONNAME, everpool.pools.orders.properties.ApplicationName, variable,"
        + " file",
    "EVERPOOL_POOLS_ORDERS_PROPERTIES_APPLICATIONNAME, everpool.properties.ApplicationName, file,"
        + " variable",
    "EVERPOOL_POOLS_ORDERS_PROPERTIES_APPLICATIONNAME,"
        + " everpool.pools.orders.properties.ApplicationName,, variable"
  })
  void soItIsBetweenTheMainPoolAndANamedOne(
      String variable, String property, String ofMain, String ofOrders) {
    SpringSettings settings =
        settings(
            List.of(variable, "variable"),
            "everpool.url",
            Settings.URL,
            "everpool.pools.orders.max-size",
            "3",
            property,
            "file");

    assertThat(settings.main().properties())
        .isEqualTo(ofMain == null ? Map.of() : Map.of(NAME, ofMain));
    assertThat(settings.named("orders").properties()).isEqualTo(Map.of(NAME, ofOrders));
  }

  /** Nobody has spelt it, or in small letters. */
  @Test
  void whatIsInSmallLettersStaysSo() {
    SpringSettings settings =
        settings(
            List.of(
                "EVERPOOL_PROPERTIES_SSLMODE", "require", "EVERPOOL_PROPERTIES_TCPNODELAY", "1"),
            "everpool.url",
            Settings.URL,
            "everpool.properties.sslmode",
            "disable");

    assertThat(settings.main().properties())
        .isEqualTo(Map.of("sslmode", "require", "tcpnodelay", "1"));
  }
}
