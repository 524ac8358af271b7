package io.everpool.jdbi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What a build that has nothing but our POM makes of it. */
class PomTest {

  /**
   * Maven takes of jackson-core and jackson-annotations what is named first at the same depth,
   * which has to be what jackson-databind wants: jdbi3-jackson2 wants an older one.
   */
  @Test
  void jacksonIsOfOneVersion() throws IOException {
    String pom = Files.readString(Path.of(System.getProperty("basedir", "."), "pom.xml"));

    assertThat(pom)
        .containsSubsequence(
            "<artifactId>jackson-databind</artifactId>",
            "<artifactId>jdbi3-jackson2</artifactId>",
            "</dependencies>");
  }
}
