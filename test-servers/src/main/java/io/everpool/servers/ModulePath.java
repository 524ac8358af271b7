package io.everpool.servers;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.FindException;
import java.lang.module.ModuleFinder;
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

/**
 * What of our own class path would be a module on a module path, and applications on it: those in
 * it-tests/src, each a module with a {@code Main} in a package of its name.
 */
public final class ModulePath {
  private static final Path APPLICATIONS =
      Path.of(System.getProperty("basedir", "."), "..", "it-tests", "src");

  /** What comes with this and with what tests are written in, and no application has. */
  private static final Pattern OF_TESTS =
      Pattern.compile(
          "(org\\.(junit|assertj|opentest4j|apiguardian|testcontainers|tukaani|bouncycastle|jetbrains)"
              + "|com\\.github\\.dockerjava|embedded\\.postgres|duct\\.tape|test"
              + "|testcontainers)(\\..*)?");

  private final List<ModuleReference> modules;

  private ModulePath(List<ModuleReference> modules) {
    this.modules = List.copyOf(modules);
  }

  /** In the order of the class path; what can't be a module is left out. */
  public static ModulePath ofClassPath() {
    List<ModuleReference> modules = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path place = Path.of(entry);
      if (!entry.isEmpty() && !entry.contains("test-classes") && Files.exists(place)) {
        try {
          modules.addAll(ModuleFinder.of(place).findAll());
        } catch (FindException e) {
          // such as a jar from whose name no name of a module can be made
        }
      }
    }
    return new ModulePath(modules);
  }

  /** The same without what only tests have. */
  public static ModulePath ofApplication() {
    return ofClassPath().only(OF_TESTS.asMatchPredicate().negate());
  }

  /** The modules of it. */
  public List<ModuleReference> modules() {
    return modules;
  }

  /** Those whose names are wanted. */
  public ModulePath only(Predicate<String> wanted) {
    return new ModulePath(
        modules.stream().filter(module -> wanted.test(module.descriptor().name())).toList());
  }

  /**
   * Compiles an application.
   *
   * @param directory where its classes go
   * @return its classes, a module
   */
  public Path compile(String application, Path directory) throws IOException {
    Path classes = directory.resolve(application + "-classes");
    List<String> arguments =
        new ArrayList<>(
            List.of("-proc:none", "-d", classes.toString(), "--module-path", toString()));
    try (Stream<Path> files = Files.walk(APPLICATIONS.resolve(application).resolve("java"))) {
      files
          .filter(file -> file.toString().endsWith(".java"))
          .map(Path::toString)
          .forEach(arguments::add);
    }
    tool("javac", arguments.toArray(String[]::new));
    return classes;
  }

  /**
   * Runs a compiled application on the database of a server, whose URL and user are its arguments
   * and whose password is in its environment.
   *
   * @param options of the JVM, beside the path
   * @return what it has printed, errors included
   */
  public String run(Path classes, PostgresServer server, String... options)
      throws IOException, InterruptedException {
    String name = ModuleFinder.of(classes).findAll().iterator().next().descriptor().name();
    List<String> all = new ArrayList<>(List.of(options));
    all.addAll(
        List.of("-p", classes + File.pathSeparator + this, "-m", name + "/" + name + ".Main"));
    return run(Path.of(System.getProperty("java.home")), all, server);
  }

  /** The same by another run-time image; {@code options} say what to run. */
  public static String run(Path home, List<String> options, PostgresServer server)
      throws IOException, InterruptedException {
    return ChildJvm.run(
            Map.of("APPLICATION_PASSWORD", server.password()),
            home,
            options,
            List.of(server.jdbcUrl(), server.user()))
        .strip();
  }

  /** Runs a tool of the JDK, whose failure is one of the test, with what it has said. */
  public static void tool(String name, String... arguments) {
    StringWriter said = new StringWriter();
    PrintWriter out = new PrintWriter(said);
    if (ToolProvider.findFirst(name).orElseThrow().run(out, out, arguments) != 0) {
      throw new AssertionError(name + " " + Arrays.toString(arguments) + "\n" + said);
    }
  }

  /** As an option of a tool. */
  @Override
  public String toString() {
    return modules.stream()
        .map(module -> Path.of(module.location().orElseThrow()).toString())
        .collect(Collectors.joining(File.pathSeparator));
  }
}
