package io.everpool.it.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.everpool.servers.PgBouncer.Kind;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is asked of a run arrives there. */
class ChaosSettingsIT {
  private static final String PREFIX = "everpool.chaos.";

  private static String[] names() {
    return Arrays.stream(ChaosSettings.class.getRecordComponents())
        .map(RecordComponent::getName)
        .toArray(String[]::new);
  }

  /** Whoever has asked for something means the runs that come after this. */
  private final Map<String, String> asked = new HashMap<>();

  @BeforeEach
  void forget() {
    for (String name : names()) {
      String value = System.clearProperty(PREFIX + name);
      if (value != null) {
        asked.put(PREFIX + name, value);
      }
    }
  }

  @AfterEach
  void restore() {
    for (String name : names()) {
      System.clearProperty(PREFIX + name);
    }
    asked.forEach(System::setProperty);
  }

  /** The run has a JVM of its own, which knows only what the profile passes on. */
  @Test
  void theProfilePassesAllOfThemOn() throws Exception {
    String pom = Files.readString(Path.of(System.getProperty("basedir", ".")).resolve("pom.xml"));
    for (String name : names()) {
      String property = PREFIX + name;
      assertThat(pom)
          .contains(
              "<" + property + "/>", "<argument>-D" + property + "=${" + property + "}</argument>");
    }
  }

  /** As the profile passes what nobody has said. */
  @Test
  void whatIsEmptyIsNotSaid() {
    for (String name : names()) {
      System.setProperty(PREFIX + name, "");
    }
    ChaosSettings settings = ChaosSettings.orElse(Duration.ofHours(1), 7, true);
    assertThat(settings.duration()).isEqualTo(Duration.ofHours(1));
    assertThat(settings.faults()).isEqualTo(7);
    assertThat(settings.hikari()).isTrue();
    assertThat(settings.pooler()).isNull();
  }

  @Test
  void whatIsSaidIsRead() {
    System.setProperty(PREFIX + "seed", "42");
    System.setProperty(PREFIX + "faults", "30");
    System.setProperty(PREFIX + "hikari", "false");
    System.setProperty(PREFIX + "pooler", "keeps_track");
    ChaosSettings settings = ChaosSettings.orElse(Duration.ofHours(1), 7, true);
    assertThat(settings)
        .isEqualTo(new ChaosSettings(42, ChaosSettings.UNLIMITED, 30, false, Kind.KEEPS_TRACK));
    System.setProperty(PREFIX + "pooler", "odyssey");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ChaosSettings.orElse(Duration.ofHours(1), 7, true))
        .withMessageContaining("pooler is forgets or keeps_track");
  }
}
