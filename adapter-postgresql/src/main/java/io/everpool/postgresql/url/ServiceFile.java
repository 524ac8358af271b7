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
 * libpq's file of services: connection parameters by a name, {@code [name]} and then {@code
 * key=value} in lines. Found where libpq and pgjdbc look: by the system property {@code
 * org.postgresql.pgservicefile}, the environment's {@code PGSERVICEFILE}, the user's own file, and
 * the system's in {@code PGSYSCONFDIR}. Read here, since pgjdbc does so from 42.5.1 on only, and
 * takes no key that isn't one of its own.
 */
final class ServiceFile {
  private static final String NAME = "pg_service.conf";

  private ServiceFile() {}

  /** What the file says of a service, as it stands there; nothing where that is a problem. */
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
    // whose name isn't shown: the parameters behind it may stand in it, a secret too
    problems.add("the service that is asked for is in no service file (PGSERVICEFILE)");
    return Map.of();
  }

  /** The user's file or that which stands for it, and the system's. */
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

  /** The first of its name, and of a key twice the first; null if it isn't there. */
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
          // the line may be anything, a secret too
          problems.add("line " + number + " of the service file isn't of the form key=value");
        } else {
          found.putIfAbsent(text.substring(0, equals), text.substring(equals + 1));
        }
      }
    }
    return found;
  }
}
