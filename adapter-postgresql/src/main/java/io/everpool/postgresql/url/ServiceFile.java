package io.everpool.postgresql.url;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * libpq's file of services: connection parameters under a name, {@code [name]} and then {@code
 * key=value} in lines. It is looked for where libpq and pgjdbc look: the system property {@code
 * org.postgresql.pgservicefile}, the environment's {@code PGSERVICEFILE}, the user's own file, and
 * the system's file in {@code PGSYSCONFDIR}. It is read here because pgjdbc reads it from 42.5.1 on
 * only, and accepts no key that isn't one of its own.
 */
final class ServiceFile {
  private static final String NAME = "pg_service.conf";

  private ServiceFile() {}

  /** What the file says of a service, unchanged; empty if that fails and is a problem. */
  static Map<String, String> read(String service, List<String> problems) {
    for (Path file : places()) {
      if (!Files.isReadable(file)) {
        continue;
      }
      try {
        Map<String, String> found = parse(Files.readAllLines(file), service, problems);
        if (found != null) {
          return found;
        }
      } catch (IOException e) {
        problems.add("the service file " + file + " can't be read: " + e.getMessage());
        return Map.of();
      }
    }
    // The service's name isn't shown: the parameters behind it may have become part of it, and one
    // of them may be a secret.
    problems.add("the service that is asked for is in no service file (PGSERVICEFILE)");
    return Map.of();
  }

  /** The user's file, or the one that was named in its place, and the system's file. */
  private static List<Path> places() {
    List<Path> places = new ArrayList<>();
    String named =
        System.getProperty(
            "org.postgresql.pgservicefile", System.getenv().getOrDefault("PGSERVICEFILE", ""));
    places.add(named.isBlank() ? usersOwn() : Path.of(named));
    String system = System.getenv().getOrDefault("PGSYSCONFDIR", "");
    if (!system.isBlank()) {
      places.add(Path.of(system, NAME));
    }
    return places;
  }

  private static Path usersOwn() {
    boolean windows =
        System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("windows");
    return windows
        ? Path.of(System.getenv().getOrDefault("APPDATA", ""), "postgresql", "." + NAME)
        : Path.of(System.getProperty("user.home", ""), "." + NAME);
  }

  /**
   * Reads a service: the first of its name, and if it has a key twice, the first of these. Null if
   * the service isn't there.
   */
  private static @Nullable Map<String, String> parse(
      List<String> lines, String service, List<String> problems) {
    Map<String, String> found = null;
    int number = 0;
    for (String line : lines) {
      number++;
      String text = line.strip();
      if (text.isEmpty() || text.startsWith("#")) {
        continue;
      }
      if (text.startsWith("[")) {
        if (found != null) {
          return found;
        }
        found = text.equals("[" + service + "]") ? new LinkedHashMap<>() : null;
      } else if (found != null) {
        int equals = text.indexOf('=');
        if (equals <= 0) {
          // The line isn't shown, because it may be anything, even a secret.
          problems.add("line " + number + " of the service file isn't of the form key=value");
        } else {
          found.putIfAbsent(text.substring(0, equals), text.substring(equals + 1));
        }
      }
    }
    return found;
  }
}
