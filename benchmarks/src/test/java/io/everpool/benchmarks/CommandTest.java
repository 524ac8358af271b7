package io.everpool.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Regimes;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What whoever types the command is told, and whoever calls it from a script. */
@Timeout(120)
class CommandTest {
  private static final String JMH_LOCK = "jmh.ignoreLock";

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

  /** Another build on this machine may be at its own. */
  @BeforeEach
  void runBesideOthers() {
    System.setProperty(JMH_LOCK, "true");
  }

  @AfterEach
  void noMore() {
    System.clearProperty(JMH_LOCK);
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

  /**
   * JVMs that don't begin: those of JMH's and our own. The report is written all the same, and says
   * what the JVM said.
   */
  @Test
  void aFlagThatTheJvmRefusesFailsEveryMeasurement(@TempDir Path folder) throws Exception {
    String[] args = {
      "--regimes", "cycle-1,statement-2,sparse-10,saturated", "--pools", "everpool", "--rounds", "1"
    };
    int code = run(concat(args, "--jvm", "-XX:+NoSuchThing", "--out", folder.toString()));

    assertThat(code).as(printed()).isEqualTo(1);
    String said = "failed: .*exit code 1: Unrecognized VM option 'NoSuchThing'";
    assertThat(Files.readString(folder.resolve("results.md")).lines())
        .filteredOn(line -> line.matches("Everpool " + said + ".*"))
        .hasSize(4);
    assertThat(folder.resolve("results.md")).content().doesNotContain("not measured");
    assertThat(printed())
        .containsPattern(
            "4 of 4 measurements failed:\\R.*cycle-1 everpool, round 1: (.*\\R){2}.*sparse-10 .*"
                + "\\R.*saturated .*");
  }

  private static String[] concat(String[] first, String... more) {
    return Stream.of(first, more).flatMap(Arrays::stream).toArray(String[]::new);
  }
}
