package io.everpool.jndi;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a web application brings along for a pool, taken from the class path of the tests. */
final class Libraries {
  /** Jars by their names, modules of our own build by the folder of their classes. */
  private static final Pattern WANTED =
      Pattern.compile(
          ".*/(postgresql|config|slf4j-api|scram-[a-z]+|saslprep|stringprep)-[0-9.]+\\.jar"
              + "|.*/(pool-api|pool-core|adapter-(jndi|hocon|postgresql))[^/]*(/target/[^/]+)?");

  private Libraries() {}

  /** Copies jars to {@code lib} and classes to {@code classes}. */
  static void copy(Path webInf) throws IOException {
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path place = Path.of(entry);
      if (WANTED.matcher(entry).matches() && !entry.endsWith("test-classes")) {
        copy(
            place,
            webInf.resolve(Files.isDirectory(place) ? "classes" : "lib/" + place.getFileName()));
      }
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.walk(from)) {
      files = found.filter(Files::isRegularFile).toList();
    }
    for (Path file : files) {
      Path copy = to.resolve(from.relativize(file).toString());
      Files.createDirectories(copy.getParent());
      Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
