package io.everpool.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DockerEngineTest {
  @TempDir private Path root;
  private Path home;

  @BeforeEach
  void home() throws IOException {
    assumeFalse(
        System.getProperty("os.name").startsWith("Windows"), "an engine is looked for by a pipe");
    home = Files.createDirectories(root.resolve("home/me"));
    Files.createDirectories(root.resolve("var/run"));
    Files.createDirectories(root.resolve("run/user/1000"));
  }

  private boolean mayBeFound(Map<String, String> environment) {
    return DockerEngine.mayBeFound(environment, root, home);
  }

  @Test
  void nobodyIsAskedWhereNothingIsToBeSeen() {
    assertThat(mayBeFound(Map.of("PATH", "/bin", "XDG_RUNTIME_DIR", root + "/run/user/1000")))
        .isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"DOCKER_HOST", "DOCKER_CONTEXT", "docker_host", "TESTCONTAINERS_HOST_OVERRIDE"})
  void aVariableShowsOne(String name) {
    assertThat(mayBeFound(Map.of(name, "x"))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "var/run/docker.sock",
        "run/docker.sock",
        "run/user/1000/docker.sock",
        "home/me/.testcontainers.properties",
        "home/me/.docker/desktop/docker.sock"
      })
  void aFileShowsOne(String file) throws IOException {
    Path made = root.resolve(file);
    Files.createDirectories(made.getParent());
    Files.createFile(made);
    assertThat(mayBeFound(Map.of())).isTrue();
  }

  @Test
  void soDoesTheSocketOfTheUsersOwn() throws IOException {
    Path own = Files.createDirectories(root.resolve("elsewhere"));
    Files.createFile(own.resolve("docker.sock"));
    assertThat(mayBeFound(Map.of("XDG_RUNTIME_DIR", own.toString()))).isTrue();
  }
}
