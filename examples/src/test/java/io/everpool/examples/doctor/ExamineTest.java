package io.everpool.examples.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.servers.PostgresServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The command says what it was asked, and its exit code says whether a pool could work. */
@Timeout(120)
class ExamineTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private int run(Map<String, String> environment) {
    PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
    return Examine.run(environment::get, stream);
  }

  private String printed() {
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void a_url_or_a_pool_of_a_file_is_examined(@TempDir Path folder) throws Exception {
    try (PostgresServer server = PostgresServer.start()) {
      assertThat(run(Map.of("EVERPOOL_DOCTOR_URL", server.libpqUrl()))).as(printed()).isZero();
      assertThat(printed()).contains("0 problems");
      out.reset();
      Path file =
          Files.writeString(
              folder.resolve("shop.conf"),
              "everpool.pools.orders { url = \"" + server.libpqUrl() + "\", max-lifetime = 10s }");
      Map<String, String> pool =
          Map.of("EVERPOOL_DOCTOR_CONF", file.toString(), "EVERPOOL_DOCTOR_POOL", "orders");
      assertThat(run(pool)).as(printed()).isZero();
      assertThat(printed())
          .contains("max-lifetime = 10s (" + file + ": 1)")
          .doesNotContain(server.password());
    }
  }

  @Test
  void what_cannot_be_examined_is_told() {
    assertThat(run(Map.of())).isEqualTo(1);
    assertThat(printed()).contains("url is missing", "-Durl=");
  }

  /** It isn't another database that is meant, which the environment may name. */
  @Test
  void a_file_that_cannot_be_read_is_told(@TempDir Path folder) throws Exception {
    Path broken = Files.writeString(folder.resolve("broken.conf"), "everpool { url = [ \n");
    Path unresolved =
        Files.writeString(folder.resolve("unresolved.conf"), "everpool.url = ${NOBODY_SAYS}");
    for (Path file : new Path[] {folder.resolve("absent.conf"), folder, broken, unresolved}) {
      out.reset();
      assertThat(run(Map.of("EVERPOOL_DOCTOR_CONF", file.toString()))).isEqualTo(1);
      assertThat(printed())
          .contains(file.toString(), "-Dconf=")
          .doesNotContain("url is missing")
          .doesNotContain("\tat ");
    }
  }
}
