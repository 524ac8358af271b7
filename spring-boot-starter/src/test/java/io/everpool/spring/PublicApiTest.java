package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.servers.PublicApi;
import java.io.File;
import java.lang.invoke.MethodHandles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What users can name of the starter, which has no module's descriptor, changes on purpose only. As
 * PublicApiIT has it for the others: run with {@code -Dwrite.anew=true}, the test writes the file
 * in docs/api anew.
 */
class PublicApiTest {

  @Test
  void nothingPublicChangesUnseen() throws Exception {
    Path root =
        Path.of(RerunTransaction.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Set<String> classes;
    try (Stream<Path> files = Files.walk(root)) {
      classes =
          PublicApi.classes(
              files.map(file -> root.relativize(file).toString().replace(File.separatorChar, '/')));
    }
    // it can't be looked at without the classes of Spring Boot 4; nobody names it but Boot
    classes.removeIf(name -> name.startsWith(Boot4HealthAutoConfiguration.class.getName()));
    assertThat(classes).contains(SpringPool.class.getName());
    String now = PublicApi.describe(classes, PublicApiTest.class.getClassLoader());
    assertThat(now)
        .as(PublicApi.HOW_TO_CHANGE)
        .isEqualTo(PublicApi.written("io.everpool.spring", now));
  }

  /** As ShardingSphere does, which reads the properties of a data source. */
  @ParameterizedTest
  @ValueSource(strings = {"getUrl", "getUsername", "getLoginTimeout", "isClosed", "close"})
  void aFrameworkMayCallThePoolByReflection(String method) throws Exception {
    assertThat(MethodHandles.publicLookup().unreflect(SpringPool.class.getMethod(method)))
        .isNotNull();
  }
}
