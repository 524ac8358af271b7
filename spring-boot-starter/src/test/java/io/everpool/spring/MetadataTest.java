package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What editors complete is what there is: the file is made of the table of settings. Run with
 * {@code -Dwrite.anew=true}, the test writes it anew.
 */
class MetadataTest {
  private static final Path FILE =
      Path.of("src", "main", "resources", "META-INF", "spring-configuration-metadata.json");

  @Test
  void theMetadataIsTheTableOfSettings() throws IOException {
    String now = metadata();
    if (Boolean.getBoolean("write.anew")) {
      Files.writeString(FILE, now);
    }
    assertThat(Files.readString(FILE))
        .as(
            "this is not what the table of settings says: run this test with -Dwrite.anew=true"
                + " (CONTRIBUTING, Adding a setting)")
        .isEqualTo(now);
  }

  private static String metadata() {
    List<String> properties = new ArrayList<>();
    for (Setting<?> setting : Block.leaves()) {
      properties.add(
          property(
              "everpool." + setting.key(),
              type(setting),
              setting.meaning(),
              byDefault(setting.defaultValue())));
    }
    properties.add(
        property(
            "everpool.pools",
            "java.util.Map<java.lang.String,java.util.Map<java.lang.String,java.lang.String>>",
            "Further pools, each a bean of its name; what one doesn't say is as the main one has it.",
            ""));
    List<String> hints = new ArrayList<>();
    StarterSettings.KEYS.forEach(
        (key, starter) -> {
          boolean truth = starter.values().contains("true");
          boolean any = starter.values().isEmpty();
          String name = StarterSettings.PREFIX + "." + key;
          String first = any ? "" : starter.values().get(0);
          properties.add(
              property(
                  name,
                  truth ? "java.lang.Boolean" : "java.lang.String",
                  starter.meaning(),
                  truth || any ? first : quoted(first)));
          if (!truth && !any) {
            hints.add(hint(name, starter.values()));
          }
        });
    return "{\n  \"groups\": [],\n  \"properties\": [\n"
        + String.join(",\n", properties)
        + "\n  ],\n  \"hints\": [\n"
        + String.join(",\n", hints)
        + "\n  ]\n}\n";
  }

  private static String property(String name, String type, String meaning, String byDefault) {
    return "    {\n      \"name\": "
        + quoted(name)
        + ",\n      \"type\": "
        + quoted(type)
        + ",\n      \"description\": "
        + quoted(meaning)
        + (byDefault.isEmpty() ? "" : ",\n      \"defaultValue\": " + byDefault)
        + "\n    }";
  }

  private static String hint(String name, List<String> values) {
    return "    {\n      \"name\": "
        + quoted(name)
        + ",\n      \"values\": ["
        + String.join(
            ", ", values.stream().map(value -> "{\"value\": " + quoted(value) + "}").toList())
        + "]\n    }";
  }

  private static String type(Setting<?> setting) {
    if (setting.type() == Map.class) {
      return "java.util.Map<java.lang.String,java.lang.String>";
    }
    return setting.type() == List.class
        ? "java.util.List<java.lang.String>"
        : setting.type().getName();
  }

  private static String byDefault(@Nullable Object value) {
    if (value instanceof Duration duration) {
      return quoted(
          duration.toMillisPart() == 0 ? duration.toSeconds() + "s" : duration.toMillis() + "ms");
    }
    if (value instanceof Enum<?> constant) {
      return quoted(constant.name().toLowerCase(Locale.ROOT).replace('_', '-'));
    }
    if (value instanceof String text) {
      return quoted(text);
    }
    return value instanceof Number || value instanceof Boolean ? value.toString() : "";
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }
}
