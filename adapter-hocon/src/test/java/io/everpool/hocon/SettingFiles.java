package io.everpool.hocon;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The files that tell people which settings there are: reference.conf, and the README. With {@code
 * -Dwrite.anew=true} they are written by the table of settings before a test looks at them.
 */
final class SettingFiles {
  private static final Path REFERENCE = Path.of("src", "main", "resources", "reference.conf");
  private static final Path PAGE = Path.of("..", "README.md");

  static final String HOW_TO_CHANGE =
      "this is not what the table of settings says: run this test with -Dwrite.anew=true"
          + " (CONTRIBUTING, Adding a setting)";

  /** What stands in reference.conf beside the settings. */
  static final Set<String> OTHERS = Set.of(EverpoolConfig.POOLS);

  static {
    if (Boolean.getBoolean("write.anew")) {
      write();
    }
  }

  private SettingFiles() {}

  static String reference() {
    return read(REFERENCE);
  }

  static String page() {
    return read(PAGE);
  }

  static List<WrittenSetting> settings() {
    return Hocon.settings().stream().map(setting -> WrittenSetting.of(setting)).toList();
  }

  /** Whose defaults are those that the file has, in its units. */
  static List<WrittenSetting> settings(String reference) {
    Map<String, String> values = ReferenceWriter.values(reference);
    return settings().stream()
        .map(setting -> setting.as(values.getOrDefault(setting.key(), setting.value())))
        .toList();
  }

  private static void write() {
    String reference = ReferenceWriter.written(settings(), OTHERS, reference());
    String page = PageWriter.written(settings(reference), page());
    try {
      Files.writeString(REFERENCE, reference);
      // and what was copied for the class path, where the tests find it
      URL copy = Objects.requireNonNull(EverpoolConfig.class.getResource("/reference.conf"));
      Files.writeString(Path.of(copy.toURI()), reference);
      Files.writeString(PAGE, page);
    } catch (IOException | URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
