package io.everpool.benchmarks.restarts;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("one-jdk")
class RestartsTest {

  /** What nobody runs rots; and whoever gives units of work to the pool sees no restart. */
  @Test
  void everyPoolComesBackAfterARestart(@TempDir Path folder) throws Exception {
    PrintStream nowhere =
        new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);

    String report = new Restarts(1, Duration.ofMillis(200), nowhere).measure(folder);

    assertThat(report).contains("| Everpool |", "| HikariCP |");
    assertThat(report).containsPattern("\\| Everpool, units of work \\|.*\\| 0 \\| 0 \\|");
    assertThat(report)
        .as("connects of those who could reach nobody")
        .doesNotContainPattern("\\| 0\\.0 \\|");
    assertThat(folder.resolve("restarts.md")).content().isEqualTo(report);
  }

  @Test
  void aPercentileIsTheValueThatSoManyDoNotExceed() {
    List<Double> values = List.of(5.0, 1.0, 4.0, 2.0, 3.0);

    assertThat(Restarts.percentile(values, 50)).isEqualTo(3);
    assertThat(Restarts.percentile(values, 80)).isEqualTo(4);
    assertThat(Restarts.percentile(values, 95)).isEqualTo(5);
    assertThat(Restarts.percentile(values, 100)).isEqualTo(5);
  }
}
