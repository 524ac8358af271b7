package io.everpool.servers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.testcontainers.DockerClientFactory;

/**
 * Whether a Docker engine answers. To ask Testcontainers costs each JVM a third of a second of
 * processor time and an ERROR in its log where there is none; so it isn't asked where nothing is to
 * be seen by which it finds an engine.
 */
final class DockerEngine {

  /** Asked once in each JVM, for the first server. */
  private static final class Answer {
    static final boolean AVAILABLE =
        mayBeFound(System.getenv(), Path.of("/"), Path.of(System.getProperty("user.home")))
            && DockerClientFactory.instance().isDockerAvailable();
  }

  private DockerEngine() {}

  static boolean isAvailable() {
    return Answer.AVAILABLE;
  }

  /**
   * Whether there is one of the things by which Testcontainers finds an engine (its documentation:
   * "Custom configuration", "Docker host detection"): a variable, a file of its own, Docker's
   * folder, a socket.
   *
   * @param root of the file system
   */
  static boolean mayBeFound(Map<String, String> environment, Path root, Path home) {
    if (System.getProperty("os.name").startsWith("Windows")
        || System.getProperty("docker.host") != null
        || DockerEngine.class.getResource("/testcontainers.properties") != null) {
      return true;
    }
    if (environment.keySet().stream()
        .map(name -> name.toUpperCase(Locale.ROOT))
        .anyMatch(name -> name.startsWith("DOCKER_") || name.startsWith("TESTCONTAINERS_"))) {
      return true;
    }
    Stream<Path> ofOneUser =
        Stream.ofNullable(environment.get("XDG_RUNTIME_DIR"))
            .map(dir -> Path.of(dir, "docker.sock"));
    return Stream.concat(
                ofOneUser,
                Stream.of(
                    root.resolve("var/run/docker.sock"),
                    root.resolve("run/docker.sock"),
                    home.resolve(".testcontainers.properties"),
                    home.resolve(".docker")))
            .anyMatch(Files::exists)
        || hasRootless(root.resolve("run/user"));
  }

  /** An engine without root listens in the folder of the user who runs it. */
  private static boolean hasRootless(Path users) {
    if (!Files.isDirectory(users)) {
      return false;
    }
    try (Stream<Path> folders = Files.list(users)) {
      return folders.anyMatch(folder -> Files.exists(folder.resolve("docker.sock")));
    } catch (IOException e) {
      return true; // nobody knows: let Testcontainers look
    }
  }
}
