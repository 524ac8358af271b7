package io.everpool.servers;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A PgBouncer that is installed here: one of those that {@code EVERPOOL_PGBOUNCERS} names, or one
 * on the path.
 */
record PgBouncerProgram(Path path, int major, int minor) {
  private static final String NAMED = "EVERPOOL_PGBOUNCERS";
  private static final Pattern VERSION = Pattern.compile("PgBouncer (\\d+)\\.(\\d+)");

  /** All of them, the oldest first. */
  private static final List<PgBouncerProgram> ALL = find();

  private static List<PgBouncerProgram> find() {
    Stream<Path> named = split(System.getenv().getOrDefault(NAMED, "")).map(Path::of);
    Stream<Path> onPath =
        split(System.getenv().getOrDefault("PATH", "") + File.pathSeparator + "/usr/sbin")
            .map(directory -> Path.of(directory, "pgbouncer"));
    return Stream.concat(named, onPath)
        .filter(Files::isExecutable)
        .flatMap(path -> ask(path).stream())
        .sorted(
            Comparator.comparingInt(PgBouncerProgram::major)
                .thenComparingInt(PgBouncerProgram::minor))
        .toList();
  }

  private static Stream<String> split(String list) {
    return Stream.of(list.split(File.pathSeparator)).filter(each -> !each.isBlank());
  }

  private static Optional<PgBouncerProgram> ask(Path path) {
    try {
      Process process =
          new ProcessBuilder(path.toString(), "--version").redirectErrorStream(true).start();
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      Matcher version = VERSION.matcher(said);
      return version.find()
          ? Optional.of(
              new PgBouncerProgram(
                  path, Integer.parseInt(version.group(1)), Integer.parseInt(version.group(2))))
          : Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Optional<PgBouncerProgram> oldest() {
    return ALL.stream().findFirst();
  }

  /** The newest, if it knows {@code max_prepared_statements}. */
  static Optional<PgBouncerProgram> tracking() {
    return ALL.stream().filter(PgBouncerProgram::canTrack).reduce((older, newer) -> newer);
  }

  /** Whether it can keep track of prepared statements: from 1.21 on, according to its NEWS. */
  boolean canTrack() {
    return major > 1 || (major == 1 && minor >= 21);
  }
}
