package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Whoever sets the levels of a log finds every name in the README that a module of ours logs by.
 */
class LoggersIT {
  private static final Path TOP = Path.of(System.getProperty("basedir", "."), "..").normalize();

  private static final Set<String> NOT_RELEASED =
      Set.of("test-servers", "examples", "benchmarks", "it-tests");

  /** What is asked for a logger; java.util.logging's is only handed out, by getParentLogger(). */
  private static final Pattern ASKED =
      Pattern.compile("(?:LoggerFactory|System)\\s*\\.getLogger\\(\\s*([^)]+?)\\s*\\)");

  private static final Pattern PACKAGE = Pattern.compile("(?m)^package ([\\w.]+);");

  /** A name of ours in a row's first cell, or in the sentence that has the main one. */
  private static final Pattern TOLD =
      Pattern.compile("(?m)(?:^\\| |is logged as )`(io\\.everpool\\.[\\w.]+)`");

  @Test
  void theReadmeNamesEveryLogger() throws IOException {
    assertThat(told()).isEqualTo(asked());
  }

  private static Set<String> asked() throws IOException {
    Set<String> names = new TreeSet<>();
    try (Stream<Path> modules = Files.list(TOP)) {
      for (Path module : (Iterable<Path>) modules::iterator) {
        Path sources = module.resolve("src/main/java");
        if (Files.isDirectory(sources) && !NOT_RELEASED.contains(module.getFileName().toString())) {
          try (Stream<Path> files = Files.walk(sources)) {
            for (Path file : (Iterable<Path>) files::iterator) {
              if (file.toString().endsWith(".java")) {
                addAsked(Files.readString(file), names);
              }
            }
          }
        }
      }
    }
    return names;
  }

  private static void addAsked(String source, Set<String> names) {
    Matcher asked = ASKED.matcher(source);
    while (asked.find()) {
      String name = asked.group(1);
      if (name.startsWith("\"")) {
        names.add(name.replace("\"", ""));
      } else {
        assertThat(name).as("a class beside it").matches("\\w+\\.class");
        Matcher home = PACKAGE.matcher(source);
        assertThat(home.find()).isTrue();
        names.add(home.group(1) + "." + name.replace(".class", ""));
      }
    }
  }

  private static Set<String> told() throws IOException {
    String readme = Files.readString(TOP.resolve("README.md"));
    int begin = readme.indexOf("### What the log tells");
    assertThat(begin).isPositive();
    Set<String> names = new TreeSet<>();
    Matcher told = TOLD.matcher(readme.substring(begin, readme.indexOf("\n## ", begin)));
    while (told.find()) {
      names.add(told.group(1));
    }
    return names;
  }
}
