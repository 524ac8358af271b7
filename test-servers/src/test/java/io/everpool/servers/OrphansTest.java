package io.everpool.servers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A killed test run must not leave servers behind that eat the machine of the next. */
class OrphansTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Starts a server, says where its files are and never ends. */
  static final class Victim {
    private Victim() {}

    @SuppressWarnings("SystemOut") // its output is read by the test
    public static void main(String[] args) throws InterruptedException {
      PostgresServer server = PostgresServer.startEmbedded(ServerSettings.defaults());
      System.out.println(((EmbeddedServer) server).data());
      Thread.sleep(Long.MAX_VALUE);
    }
  }

  @Test
  void aServerEndsWithItsJvmHoweverThatEnds() throws IOException {
    Process victim =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Victim.class.getName())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (BufferedReader output =
        new BufferedReader(
            new InputStreamReader(victim.getInputStream(), StandardCharsets.UTF_8))) {
      Path data = Path.of(firstPath(output));
      long pid = Long.parseLong(Files.readAllLines(data.resolve("postmaster.pid")).get(0));
      List<ProcessHandle> server = ProcessHandle.of(pid).stream().toList();
      assertThat(server).hasSize(1);
      victim.destroyForcibly();
      Await.until(LIMIT, () -> !server.get(0).isAlive(), "the end of the orphan");
      Await.until(LIMIT, () -> !Files.exists(data), "the end of its files");
    } finally {
      victim.destroyForcibly();
    }
  }

  /** Loggers may speak first. */
  private static String firstPath(BufferedReader output) throws IOException {
    for (String line; (line = output.readLine()) != null; ) {
      if (line.startsWith("/")) {
        return line;
      }
    }
    throw new IllegalStateException("the victim said nothing");
  }
}
