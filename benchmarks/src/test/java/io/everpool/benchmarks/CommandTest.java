package io.everpool.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Regimes;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What whoever types the command is told, and whoever calls it from a script. */
@Timeout(120)
class CommandTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... args) throws Exception {
    return Benchmarks.run(
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        args);
  }

  private String printed() {
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void theListNamesEachOnceAndSaysWhatItIs() throws Exception {
    assertThat(run("--list")).isZero();

    List<String> lines = printed().lines().toList();
    assertThat(lines).hasSize(Regimes.list().size() + Contender.values().length);
    assertThat(lines)
        .allMatch(line -> line.equals(line.strip()), "ends with a word")
        .noneMatch(line -> line.matches("(\\w+) +\\1"), "says the same twice")
        .anyMatch(line -> line.matches("hikari +HikariCP 7.*"))
        .anyMatch(line -> line.matches("bare +no pool: .*"));
    Matcher first = Pattern.compile("(\\S+ +)\\S").matcher(lines.get(0));
    assertThat(first.lookingAt()).isTrue();
    int column = first.end(1);
    assertThat(lines)
        .allMatch(line -> line.charAt(column - 1) == ' ' && line.charAt(column) != ' ', "in line");
  }

  @Test
  void whatItDoesNotUnderstandEndsWithTwo() throws Exception {
    assertThat(run("--fast")).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("unknown flag --fast", "--smoke");
  }
}
