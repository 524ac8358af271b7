package io.everpool.benchmarks;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Pace;
import io.everpool.benchmarks.harness.Regime;
import io.everpool.benchmarks.harness.Regimes;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What the command line asks for.
 *
 * @param pace how long each measurement takes
 * @param regimes the regimes in which is measured
 * @param pools the pools that are measured
 * @param rounds how often each pool is measured in each regime
 * @param out the folder into which the results go
 * @param jvmFlags further flags for the JVMs that measure
 * @param inProcess whether everything is measured in this JVM, for a profiler or a debugger
 * @param restarts how many restarts of a server are measured, and nothing else; 0 if the regimes
 *     are measured
 * @param down how long the server stays down at each restart
 */
record Flags(
    Pace pace,
    List<Regime> regimes,
    Set<Contender> pools,
    int rounds,
    Path out,
    List<String> jvmFlags,
    boolean inProcess,
    int restarts,
    Duration down) {

  static final String USAGE =
      """
      java -jar benchmarks/target/benchmarks.jar [--short | --long | --smoke] [flags]

        --short          all of it in about twenty minutes on two cores (the default)
        --long           every window longer, and three rounds; about an hour and a half
        --smoke          whether it runs at all; the figures mean nothing
        --regimes a,b    only these: a key (cycle-8) or a group (cycle); all are in --list
        --pools a,b      only these pools; all are in --list
        --rounds n       measure everything n times; the tables show medians
        --out folder     where results.md, results.json and the charts go
                         (benchmarks/results/jdk-<release>)
        --jvm "flags"    more flags for the JVMs that measure; each of them gets the same
        --in-process     measure in this JVM, for a profiler; its own flags are then the java
                         command's
        --restarts n     instead of all that: restart a server n times, and tell how soon
                         pools are back, Everpool and HikariCP side by side
        --down ms        with --restarts: how long the server stays down each time
        --list           names regimes and pools

      It ends with 1 if a measurement failed.
      """;

  /**
   * Reads the command line.
   *
   * @throws IllegalArgumentException if something is wrong; the message says what
   */
  static Flags of(String... args) {
    Deque<String> left = new ArrayDeque<>(Arrays.asList(args));
    Pace pace = Pace.SHORT;
    Set<Regime> regimes = new LinkedHashSet<>();
    Set<Contender> pools = EnumSet.noneOf(Contender.class);
    int rounds = 0;
    Path out = Path.of("benchmarks", "results", "jdk-" + Runtime.version().feature());
    List<String> jvmFlags = List.of();
    boolean inProcess = false;
    int restarts = 0;
    Duration down = Duration.ZERO;
    while (!left.isEmpty()) {
      String flag = left.pop();
      switch (flag) {
        case "--short" -> pace = Pace.SHORT;
        case "--long" -> pace = Pace.LONG;
        case "--smoke" -> pace = Pace.SMOKE;
        case "--regimes" -> {
          for (String name : words(value(flag, left), ",")) {
            regimes.addAll(Regimes.named(name));
          }
        }
        case "--pools" -> {
          for (String name : words(value(flag, left), ",")) {
            pools.add(Contender.named(name));
          }
        }
        case "--rounds" -> rounds = positive(flag, value(flag, left));
        case "--out" -> out = Path.of(value(flag, left));
        case "--jvm" -> jvmFlags = words(value(flag, left), " ");
        case "--in-process" -> inProcess = true;
        case "--restarts" -> restarts = positive(flag, value(flag, left));
        case "--down" -> down = Duration.ofMillis(positive(flag, value(flag, left)));
        default -> throw new IllegalArgumentException("unknown flag " + flag);
      }
    }
    if (!jvmFlags.isEmpty() && (inProcess || pace == Pace.SMOKE || restarts > 0)) {
      throw new IllegalArgumentException(
          "--jvm is for JVMs that are begun, and with --in-process, --smoke or --restarts all is"
              + " measured in this JVM: give its flags to the java command");
    }
    if (!down.isZero() && restarts == 0) {
      throw new IllegalArgumentException("--down goes with --restarts only");
    }
    return new Flags(
        pace,
        regimes.isEmpty() ? regimes(pace) : List.copyOf(regimes),
        pools.isEmpty() ? EnumSet.allOf(Contender.class) : pools,
        rounds > 0 ? rounds : pace.rounds(),
        out,
        jvmFlags,
        inProcess || pace == Pace.SMOKE,
        restarts,
        down);
  }

  private static int positive(String flag, String text) {
    if (!text.matches("[1-9][0-9]{0,5}")) {
      throw new IllegalArgumentException(flag + " wants a number from 1 on, not " + text);
    }
    return Integer.parseInt(text);
  }

  /**
   * The regimes that are measured by default. If a regime comes in several sizes, the smoke takes
   * one of them.
   */
  private static List<Regime> regimes(Pace pace) {
    Set<String> others =
        Set.of(
            "cycle-1",
            "cycle-2",
            "statement-1",
            "statement-2",
            "sparse-10",
            "sparse-1000",
            "sparse-5000",
            "own-1000",
            "exhausted-1000",
            "cpu-100",
            "pg-1",
            "pg-32");
    return Regimes.list().stream()
        .filter(regime -> pace != Pace.SMOKE || !others.contains(regime.key()))
        .toList();
  }

  private static List<String> words(String text, String between) {
    return Arrays.stream(text.split(between, -1)).filter(word -> !word.isBlank()).toList();
  }

  private static String value(String flag, Deque<String> left) {
    if (left.isEmpty()) {
      throw new IllegalArgumentException(flag + " wants a value");
    }
    return left.pop();
  }
}
