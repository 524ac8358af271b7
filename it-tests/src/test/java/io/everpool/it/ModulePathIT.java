package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.everpool.servers.ModulePath;
import java.io.File;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Applications on the module path, with what our build has made: they compile, and they run. Those
 * with Hibernate and Dropwizard are tried where these are, in the tests of their adapters.
 */
@Timeout(300)
class ModulePathIT {

  /** What an application brings along; beside it our class path has what only tests have. */
  private static final Pattern GUICE =
      Pattern.compile(
          "(io\\.everpool(?!\\.(hibernate|dropwizard))|com\\.(codahale|fasterxml|github\\.benmanes|google)"
              + "|org\\.(jdbi|slf4j)|io\\.leangen|jakarta\\.inject)(\\..*)?"
              + "|org\\.postgresql\\.jdbc|typesafe\\.config|aopalliance|failureaccess|micrometer\\..*");

  /** Of these an application that wants Jdbi. */
  private static final Pattern JDBI =
      Pattern.compile(
          "io\\.everpool\\.(api|core|jdbi|postgresql)|com\\.fasterxml\\.jackson\\.(core|databind|annotation)"
              + "|org\\.(jdbi\\..*|slf4j)|io\\.leangen\\..*|org\\.postgresql\\.jdbc");

  @Test
  void allThatStandsBesideAPoolIsTogether(@TempDir Path directory) throws Exception {
    ModulePath path = ModulePath.ofClassPath().only(GUICE.asMatchPredicate());
    Path classes = path.compile("guice", directory);
    // Guice, not yet a module itself, can't ask for those that it needs
    assertThat(path.run(classes, Db.server(), "--add-modules", "ALL-MODULE-PATH"))
        .endsWith("answered by io.everpool.core");
  }

  /**
   * Nothing is resolved but what somebody requires: what Jdbi needs has to be asked for by its
   * adapter.
   */
  @Test
  void jdbiIsThereByItsAdapterAlone(@TempDir Path directory) throws Exception {
    ModulePath path = ModulePath.ofClassPath().only(JDBI.asMatchPredicate());
    Path classes = path.compile("jdbi", directory);
    assertThat(path.run(classes, Db.server())).endsWith("{\"answered\":true} by io.everpool.jdbi");
  }

  /** What isn't asked for isn't in the image: no java.management, no java.desktop. */
  @Test
  void anImageOfFewModulesOpensAPool(@TempDir Path directory) throws Exception {
    Path jmods = Path.of(System.getProperty("java.home"), "jmods");
    assumeTrue(Files.isDirectory(jmods), "this JDK comes without jmods: no image can be made");
    ModulePath all = ModulePath.ofClassPath();
    ModulePath core =
        all.only(List.of("io.everpool.api", "io.everpool.core", "org.slf4j")::contains);
    Path classes = core.compile("image", directory);
    Path image = directory.resolve("image");
    ModulePath.tool(
        "jlink",
        "--module-path",
        String.join(File.pathSeparator, jmods.toString(), core.toString(), classes.toString()),
        "--add-modules",
        "image,java.naming,java.security.sasl",
        "--output",
        image.toString());
    ModulePath driver =
        all.only(List.of("io.everpool.postgresql", "org.postgresql.jdbc")::contains);
    // nobody in the image can ask for the driver
    List<String> options =
        List.of(
            "-p", driver.toString(), "--add-modules", "ALL-MODULE-PATH", "-m", "image/image.Main");
    assertThat(ModulePath.run(image, options, Db.server()))
        .endsWith("answered by io.everpool.core lean true");
  }

  /** But for the starter, which can be none, for Spring Boot is none; and it isn't here. */
  @Test
  void everyArtifactIsAModule() throws Exception {
    assertThat(ModulePath.ofClassPath().modules())
        .map(ModuleReference::descriptor)
        .filteredOn(descriptor -> !descriptor.isAutomatic())
        .map(ModuleDescriptor::name)
        .filteredOn(name -> name.startsWith("io.everpool."))
        .containsExactlyInAnyOrderElementsOf(
            Artifacts.modules().stream()
                .filter(name -> !name.equals("io.everpool.spring"))
                .toList());
  }

  @Test
  void theBomNamesWhatIsReleased() throws Exception {
    assertThat(Artifacts.ofBom()).containsExactlyInAnyOrderElementsOf(Artifacts.released());
  }

  /** And gets it out of a release: CONTRIBUTING, Making a release. */
  @Test
  void everyArtifactIsRequiredByAnApplication() throws Exception {
    assertThat(Artifacts.ofApplications()).containsExactlyInAnyOrderElementsOf(Artifacts.ofBom());
    assertThat(Artifacts.requiredByApplications())
        .containsExactlyInAnyOrderElementsOf(Artifacts.modules());
  }
}
