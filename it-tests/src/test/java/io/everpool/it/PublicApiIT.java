package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.servers.ModulePath;
import io.everpool.servers.PublicApi;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What users can name changes on purpose only: all of it is written down in docs/api, a file for
 * each module, and a change of the one must be a change of the other. Run with {@code
 * -Dwrite.anew=true}, the test writes the files anew; the difference is for a reviewer to judge.
 * The starter isn't on this class path, and has such a test of its own.
 */
class PublicApiIT {

  static List<ModuleReference> modules() {
    return ModulePath.ofClassPath().modules().stream()
        .filter(module -> module.descriptor().name().startsWith("io.everpool."))
        .filter(module -> !module.descriptor().isAutomatic())
        .toList();
  }

  @ParameterizedTest
  @MethodSource("modules")
  void nothingPublicChangesUnseen(ModuleReference module) throws Exception {
    String now = describe(module);
    assertThat(now)
        .as(PublicApi.HOW_TO_CHANGE)
        .isEqualTo(PublicApi.written(module.descriptor().name(), now));
  }

  private static String describe(ModuleReference module) throws Exception {
    Set<String> exported =
        module.descriptor().exports().stream()
            .filter(export -> !export.isQualified())
            .map(ModuleDescriptor.Exports::source)
            .collect(Collectors.toSet());
    try (ModuleReader reader = module.open();
        Stream<String> files = reader.list()) {
      Set<String> classes = PublicApi.classes(files);
      classes.removeIf(name -> !exported.contains(name.substring(0, name.lastIndexOf('.'))));
      return PublicApi.describe(module.descriptor())
          + PublicApi.describe(classes, PublicApiIT.class.getClassLoader());
    }
  }
}
