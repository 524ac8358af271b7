package io.everpool.dropwizard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dropwizard.db.DataSourceFactory;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nothing that Dropwizard's own factory has is unknown, and nothing of it is dropped unsaid. */
class TomcatSettingsTest {
  private static final String URL = "postgresql://db.example.com/shop";

  private static DropwizardSettings read(Object... keysAndValues) {
    Map<String, Object> block = new TreeMap<>(Map.of("url", URL));
    for (int i = 0; i < keysAndValues.length; i += 2) {
      block.put(keysAndValues[i].toString(), keysAndValues[i + 1]);
    }
    return DropwizardSettings.read(block);
  }

  @Test
  void theTableHasWhatDropwizardHasAndNothingElse() {
    Set<String> known =
        TomcatSettings.rows().keySet().stream()
            .map(Names::camel)
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> ours =
        PoolConfig.settings().stream().map(Setting::name).collect(Collectors.toSet());

    Set<String> theirs =
        Arrays.stream(DataSourceFactory.class.getMethods())
            .map(Method::getName)
            .filter(name -> name.startsWith("set"))
            .map(name -> name.substring(3, 4).toLowerCase(Locale.ROOT) + name.substring(4))
            .filter(name -> !ours.contains(name))
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(known).isEqualTo(theirs);
  }

  @Test
  void thePageIsTheTable() throws Exception {
    List<String> expected = new ArrayList<>();
    TomcatSettings.rows()
        .forEach(
            (key, row) ->
                expected.add(
                    "| `"
                        + Names.camel(key)
                        + "` | "
                        + String.join(" | ", TomcatSettings.printed(row))
                        + " |"));
    List<String> page =
        Files.readAllLines(Path.of("..", "docs", "dropwizard.md")).stream()
            .filter(line -> line.startsWith("| `"))
            .map(line -> line.replaceAll(" +", " "))
            .toList();

    assertThat(page).isEqualTo(expected.stream().map(line -> line.replaceAll(" +", " ")).toList());
  }

  @Test
  void whatHasACounterpartCountsAsThat() {
    PoolConfig config =
        read(
                "initialSize", 4,
                "maxWaitForConnection", "7s",
                "maxConnectionAge", "8m",
                "minIdleTime", "1 minute",
                "evictionInterval", "9s",
                "validationQueryTimeout", "2s",
                "initializationQuery", "set lock_timeout = 5",
                "ignoreExceptionOnPreLoad", true,
                "removeAbandoned", true)
            .config();

    assertThat(config.minSize()).isEqualTo(4);
    assertThat(config.acquireTimeout()).isEqualTo(Duration.ofSeconds(7));
    assertThat(config.maxLifetime()).isEqualTo(Duration.ofMinutes(8));
    assertThat(config.idleTimeout()).isEqualTo(Duration.ofMinutes(1));
    assertThat(config.healthCheckInterval()).isEqualTo(Duration.ofSeconds(9));
    assertThat(config.validationTimeout()).isEqualTo(Duration.ofSeconds(2));
    assertThat(config.connectionInitSql()).isEqualTo("set lock_timeout = 5");
    assertThat(config.failFast()).isFalse();
    assertThat(config.leakThreshold()).isEqualTo(Duration.ofSeconds(60));
  }

  /** As a variable or a property of the system brings it. */
  @ParameterizedTest
  @ValueSource(strings = {"true", "TRUE", "True", "true ", " tRue"})
  void whatIsTrueOrFalseIsSoInAnyCase(String yes) {
    String no = yes.toLowerCase(Locale.ROOT).replace("true", "FALSE ");
    DropwizardSettings on =
        read(
            "ignoreExceptionOnPreLoad", yes,
            "removeAbandoned", yes,
            "autoCommitByDefault", yes,
            "readOnlyByDefault", yes,
            "autoCommentsEnabled", yes,
            "defaultTransactionIsolation", "serializable ",
            "fail-fast", no);
    DropwizardSettings off =
        read(
            "ignoreExceptionOnPreLoad", no,
            "removeAbandoned", no,
            "autoCommitByDefault", no,
            "readOnlyByDefault", no,
            "autoCommentsEnabled", no,
            "commitOnReturn", no);

    assertThat(on.config().failFast()).isFalse();
    assertThat(on.config().leakThreshold()).isEqualTo(Duration.ofSeconds(60));
    assertThat(on.session())
        .isEqualTo(new SessionDefaults(true, true, Connection.TRANSACTION_SERIALIZABLE));
    assertThat(on.bundles().autoComments()).isTrue();
    assertThat(off.config().failFast()).isTrue();
    assertThat(off.config().leakThreshold()).isEqualTo(Duration.ZERO);
    assertThat(off.session()).isEqualTo(new SessionDefaults(false, false, null));
    assertThat(off.bundles().autoComments()).isFalse();
    assertThatThrownBy(() -> read("commitOnReturn", yes))
        .hasMessageContaining("commitOnReturn must not be true");
  }

  /** YAML's {@code yes} comes as a text, which HOCON takes for true: not what its opposite is. */
  @ParameterizedTest
  @ValueSource(strings = {"yes", "no", "on", "off", "maybe"})
  void whatIsToBeTheOppositeMustBeTrueOrFalse(String value) {
    assertThat(read("ignoreExceptionOnPreLoad", "false").config().failFast()).isTrue();
    assertThatThrownBy(() -> read("ignoreExceptionOnPreLoad", value))
        .isInstanceOfSatisfying(
            InvalidPoolConfigException.class,
            refused ->
                assertThat(refused.problems())
                    .containsExactly("ignoreExceptionOnPreLoad must be true or false"));
  }

  @Test
  void everpoolsOwnCountMoreWhichIsSaid() {
    DropwizardSettings settings =
        read("minSize", 3, "initialSize", 9, "acquire-timeout", "4s", "maxWaitForConnection", "5s");

    assertThat(settings.config().minSize()).isEqualTo(3);
    assertThat(settings.config().acquireTimeout()).isEqualTo(Duration.ofSeconds(4));
    assertThat(settings.notes())
        .containsExactlyInAnyOrder(
            "initialSize isn't read beside minSize",
            "maxWaitForConnection isn't read beside acquire-timeout");
  }

  @Test
  void whatHasNoneIsSaidInALineEach() {
    Map<String, Object> block = new TreeMap<>(Map.of("url", URL));
    List<String> expected = new ArrayList<>();
    TomcatSettings.rows()
        .forEach(
            (key, row) -> {
              List<String> printed = TomcatSettings.printed(row);
              if (printed.get(0).isEmpty()) {
                String name = Names.camel(key);
                block.put(name, "false");
                expected.add(name + " has no counterpart in Everpool: " + printed.get(1));
              }
            });

    assertThat(DropwizardSettings.read(block).notes())
        .hasSizeGreaterThan(10)
        .containsExactlyElementsOf(expected);
  }

  @Test
  void abandonedConnectionsAreSuspectedOnlyWhereTheyWereToBeRemoved() {
    DropwizardSettings both = read("removeAbandoned", true, "removeAbandonedTimeout", "90s");
    assertThat(both.config().leakThreshold()).isEqualTo(Duration.ofSeconds(90));
    assertThat(both.notes()).isEmpty();

    DropwizardSettings alone = read("removeAbandonedTimeout", "90s");
    assertThat(alone.config().leakThreshold()).isEqualTo(Duration.ZERO);
    assertThat(alone.notes())
        .containsExactly("removeAbandonedTimeout means nothing without removeAbandoned");
  }
}
