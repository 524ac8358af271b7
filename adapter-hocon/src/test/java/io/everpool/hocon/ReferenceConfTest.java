package io.everpool.hocon;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigValue;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("contract")
class ReferenceConfTest {

  private static final String FILE = SettingFiles.reference();

  private static final Config REFERENCE =
      ConfigFactory.parseResources(
          EverpoolConfig.class,
          "/reference.conf",
          ConfigParseOptions.defaults().setAllowMissing(false));

  /** With {@code -Dwrite.anew=true} it is made so first. */
  @Test
  void theReferenceIsWrittenByTheTable() {
    assertThat(FILE)
        .as(SettingFiles.HOW_TO_CHANGE)
        .isEqualTo(ReferenceWriter.written(SettingFiles.settings(), SettingFiles.OTHERS, FILE));
  }

  /** Two lists of defaults drift apart unless something compares them. */
  @Test
  void theReferenceEqualsTheDefaultsOfTheBuilder() {
    Config withUrl =
        ConfigFactory.parseString("NEON_DB_URL = \"" + Hocon.URL + "\"")
            .withFallback(REFERENCE)
            .resolve(ConfigResolveOptions.noSystem());

    assertThat(EverpoolConfig.from(withUrl)).isEqualTo(PoolConfig.builder(Hocon.URL).build());
  }

  /** A setting that the reference leaves out would be equal to its default all the same. */
  @Test
  void theReferenceListsEverySettingAndNoOther() {
    Config everpool = REFERENCE.resolve(ConfigResolveOptions.noSystem()).getConfig("everpool");
    TreeSet<String> listed = new TreeSet<>(everpool.root().keySet());
    everpool.getObject("retry").keySet().forEach(key -> listed.add("retry." + key));

    TreeSet<String> expected = new TreeSet<>(Keys.ALL);
    expected.add("pools");
    expected.remove("url"); // an optional substitution without a value is no key
    assertThat(listed).isEqualTo(expected);
    assertThat(REFERENCE.root().render()).contains("${?NEON_DB_URL}");
  }

  /** The comment is where whoever opens the file learns the unit. */
  @Test
  void everySettingOfTheReferenceHasAComment() {
    for (String key : Keys.ALL) {
      assertThat(valueOf(key).origin().comments()).as(key).isNotEmpty();
    }
  }

  private static ConfigValue valueOf(String key) {
    ConfigValue value = REFERENCE.root();
    for (String step : ("everpool." + key).split("\\.", -1)) {
      value = requireNonNull(((ConfigObject) value).get(step), key);
    }
    return value;
  }

  /**
   * The comment says what the code says, in the same words. An example may follow, or stand in
   * between: it is indented.
   */
  @Test
  void theCommentsAreTheMeanings() {
    for (Setting<?> setting : Hocon.settings()) {
      String comment =
          valueOf(setting.key()).origin().comments().stream()
              .filter(line -> !line.startsWith("   "))
              .map(String::strip)
              .collect(Collectors.joining(" "));
      assertThat(comment).as(setting.key()).isEqualTo(setting.meaning());
    }
  }

  /** Without a URL there is nothing to connect to, and the message says how to give one. */
  @Test
  void withoutTheVariableTheUrlIsMissing() {
    Config bare = REFERENCE.resolve(ConfigResolveOptions.noSystem());

    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(bare)))
        .containsExactly("everpool.url is missing; set it, or NEON_DB_URL in the environment");
  }

  /** Of a variable that nobody reads there is nothing to be said. */
  @Test
  void whereNobodyReadsTheVariableItIsNotNamed() {
    Config own = Hocon.lines("everpool { max-size = 3, pools { orders { min-size = 1 } } }");

    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(own)))
        .containsExactly("everpool.url is missing; set it");
    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(own, "orders")))
        .containsExactly("everpool.pools.orders.url is missing; set it");

    Config both = own.withFallback(REFERENCE).resolve(ConfigResolveOptions.noSystem());
    assertThat(Hocon.problemsOf(() -> EverpoolConfig.from(both, "orders")))
        .containsExactly(
            "everpool.pools.orders.url is missing; set it, or NEON_DB_URL in the environment");
  }

  /** The whole chain as an application has it: environment, application.conf, reference.conf. */
  @Test
  void loadReadsTheEnvironmentAndTheApplicationsOwnFile() {
    PoolConfig config = EverpoolConfig.load();

    assertThat(config.url()).isEqualTo(System.getenv("NEON_DB_URL")).contains("ep-test.neon.tech");
    assertThat(config.maxSize()).isEqualTo(30);
    assertThat(config.minSize()).isEqualTo(2);
    assertThat(EverpoolConfig.load("reports").maxSize()).isEqualTo(3);
    assertThat(EverpoolConfig.load("reports").url()).isEqualTo(config.url());
  }
}
