package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What the pages say can be set of a command that a profile runs in a JVM of its own is passed on
 * to it; that JVM knows nothing else of Maven's properties.
 */
class ProfilesIT {
  private static final Path TOP = Path.of(System.getProperty("basedir", "."), "..").normalize();

  /** Those of the profiles; the other {@code everpool.} ones are for tests, and Surefire's. */
  private static final Pattern SAID =
      Pattern.compile("-D(everpool\\.(?:chaos|fleet|suspensions)\\.\\w+|url|conf|pool|pictures)=");

  private static final Map<String, String> RENAMED =
      Map.of(
          "url", "<EVERPOOL_DOCTOR_URL>${url}<",
          "conf", "<EVERPOOL_DOCTOR_CONF>${conf}<",
          "pool", "<EVERPOOL_DOCTOR_POOL>${pool}<",
          "pictures", "<argument>-Ddemo.pictures=${pictures}<");

  @Test
  void whatThePagesNameIsPassedOn() throws IOException {
    String passed =
        Files.readString(TOP.resolve("it-tests/pom.xml"))
            + Files.readString(TOP.resolve("examples/pom.xml"));
    Set<String> said = new TreeSet<>();
    for (Path folder : new Path[] {TOP, TOP.resolve("docs")}) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path page : files.filter(file -> file.toString().endsWith(".md")).toList()) {
          Matcher matcher = SAID.matcher(Files.readString(page));
          while (matcher.find()) {
            said.add(matcher.group(1));
          }
        }
      }
    }
    assertThat(said).contains("everpool.chaos.pooler", "everpool.suspensions.watch", "url");
    for (String name : said) {
      assertThat(passed)
          .contains(
              RENAMED.getOrDefault(name, "<argument>-D" + name + "=${" + name + "}</argument>"));
    }
  }
}
