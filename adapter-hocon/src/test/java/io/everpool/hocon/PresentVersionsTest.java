package io.everpool.hocon;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import java.io.IOException;
import java.lang.module.ModuleDescriptor.Version;
import java.lang.module.ModuleFinder;
import java.nio.file.Path;
import java.util.Collections;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** That the tests run with the versions that they are meant to run with. */
@Tag("contract")
class PresentVersionsTest {

  /** So that no run can be of another version than the one that it is for, nor of two at once. */
  @ParameterizedTest
  @CsvSource({"com.typesafe.config.Config, config, typesafe-config"})
  void theLibraryIsTheOneThatThisRunIsFor(String type, String artifact, String property)
      throws IOException {
    String version = System.getProperty("tested." + property);
    String jar = artifact + "-" + (version == null ? "" : version + ".jar!");

    assertThat(
            Collections.list(
                getClass().getClassLoader().getResources(type.replace('.', '/') + ".class")))
        .singleElement()
        .asString()
        .contains("/" + jar);
  }

  /** As the README says; before that, its file's name makes it another one. */
  @Test
  void theModulesNameIsThereFrom133On() throws Exception {
    Path jar = Path.of(Config.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    String name =
        ModuleFinder.of(jar).findAll().stream()
            .map(module -> module.descriptor().name())
            .collect(Collectors.joining());
    Version version = Version.parse(jar.getFileName().toString().replaceAll("config-|[.]jar", ""));

    assertThat(name)
        .isEqualTo(version.compareTo(Version.parse("1.3.3")) < 0 ? "config" : "typesafe.config");
  }
}
