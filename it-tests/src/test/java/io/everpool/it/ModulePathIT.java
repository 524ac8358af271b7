package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Applications on the module path, with what our build has made: they compile, and they run. */
@Timeout(300)
class ModulePathIT {

  /**
   * What an application brings along; beside it our class path has what only tests have, and
   * Hibernate and Dropwizard, which as modules would need more than they bring themselves
   * (jakarta.interceptor, say).
   */
  private static final Pattern APPLICATION =
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
  void everyAdapterIsAModule(@TempDir Path directory) throws Exception {
    List<ModuleReference> modules = Modules.onClassPath();
    assertThat(modules)
        .map(ModuleReference::descriptor)
        .filteredOn(descriptor -> !descriptor.isAutomatic())
        .map(ModuleDescriptor::name)
        .contains(
            "io.everpool.api",
            "io.everpool.console",
            "io.everpool.core",
            "io.everpool.dropwizard",
            "io.everpool.guice",
            "io.everpool.hibernate",
            "io.everpool.hocon",
            "io.everpool.jdbi",
            "io.everpool.jfr",
            "io.everpool.jmx",
            "io.everpool.metrics",
            "io.everpool.micrometer",
            "io.everpool.postgresql");
    String path = path(modules, APPLICATION.asMatchPredicate());
    Path classes = compile("consumer", path, directory);
    assertThat(
            run(
                Path.of(System.getProperty("java.home")),
                all(classes + File.pathSeparator + path, "consumer/consumer.Main")))
        .endsWith("answered by io.everpool.core");
  }

  /**
   * Nothing is resolved but what somebody requires: what Jdbi needs has to be asked for by its
   * adapter.
   */
  @Test
  void jdbiIsThereByItsAdapterAlone(@TempDir Path directory) throws Exception {
    String path = path(Modules.onClassPath(), JDBI.asMatchPredicate());
    Path classes = compile("jdbi", path, directory);
    assertThat(
            run(
                Path.of(System.getProperty("java.home")),
                List.of("-p", classes + File.pathSeparator + path, "-m", "jdbi/jdbi.Main")))
        .endsWith("{\"answered\":true} by io.everpool.jdbi");
  }

  /** What isn't asked for isn't in the image: no java.management, no java.desktop. */
  @Test
  void anImageOfFewModulesOpensAPool(@TempDir Path directory) throws Exception {
    Path jmods = Path.of(System.getProperty("java.home"), "jmods");
    assumeTrue(Files.isDirectory(jmods), "this JDK comes without jmods: no image can be made");
    List<ModuleReference> modules = Modules.onClassPath();
    List<String> core = List.of("io.everpool.api", "io.everpool.core", "org.slf4j");
    String path = path(modules, core::contains);
    Path classes = compile("image", path, directory);
    Path image = directory.resolve("image");
    tool(
        "jlink",
        "--module-path",
        String.join(File.pathSeparator, jmods.toString(), path, classes.toString()),
        "--add-modules",
        "image,java.naming,java.security.sasl",
        "--output",
        image.toString());
    List<String> driver = List.of("io.everpool.postgresql", "org.postgresql.jdbc");
    assertThat(run(image, all(path(modules, driver::contains), "image/image.Main")))
        .endsWith("answered by io.everpool.core lean true");
  }

  private static String path(List<ModuleReference> modules, Predicate<String> wanted) {
    return modules.stream()
        .filter(module -> wanted.test(module.descriptor().name()))
        .map(module -> Path.of(module.location().orElseThrow()).toString())
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static Path compile(String name, String modulePath, Path directory) throws Exception {
    Path sources = Path.of(System.getProperty("basedir", "."), "src", name, "java");
    Path classes = directory.resolve(name + "-classes");
    List<String> arguments =
        new ArrayList<>(List.of("-d", classes.toString(), "--module-path", modulePath));
    try (Stream<Path> files = Files.walk(sources)) {
      files
          .filter(file -> file.toString().endsWith(".java"))
          .map(Path::toString)
          .forEach(arguments::add);
    }
    tool("javac", arguments.toArray(String[]::new));
    return classes;
  }

  private static void tool(String name, String... arguments) {
    StringWriter said = new StringWriter();
    PrintWriter out = new PrintWriter(said);
    int code = ToolProvider.findFirst(name).orElseThrow().run(out, out, arguments);
    assertThat(code).as("%s %s%n%s", name, Arrays.toString(arguments), said).isZero();
  }

  /**
   * Guice, not yet a module itself, can't ask for those that it needs; nor does the image for a
   * driver.
   */
  private static List<String> all(String modulePath, String main) {
    return List.of("-p", modulePath, "--add-modules", "ALL-MODULE-PATH", "-m", main);
  }

  /** What it has printed. */
  private static String run(Path home, List<String> options) throws Exception {
    return ChildJvm.run(
            Map.of("CONSUMER_PASSWORD", Db.server().password()),
            home,
            options,
            List.of(Db.server().jdbcUrl(), Db.server().user()))
        .strip();
  }
}
