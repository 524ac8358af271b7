package io.everpool.benchmarks;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Fork;
import io.everpool.benchmarks.harness.Pace;
import io.everpool.benchmarks.harness.Regime;
import io.everpool.benchmarks.harness.Sample;
import io.everpool.benchmarks.harness.Surroundings;
import io.everpool.benchmarks.harness.Trial;
import io.everpool.benchmarks.report.Machine;
import io.everpool.benchmarks.report.Report;
import io.everpool.benchmarks.report.Results;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.io.File;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Measures pools in rounds. Each round takes every pool through every regime once, one pool after
 * the other, and begins with another pool than the round before. So whatever the machine does
 * meanwhile happens to all pools.
 */
final class Run {

  private final Flags flags;
  private final PrintStream out;
  private final Path log;
  private final Fork fork;
  private final List<Sample> samples = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  private record Step(int round, Regime regime, Contender pool) {}

  Run(Flags flags, PrintStream out) {
    this.flags = flags;
    this.out = out;
    log = flags.out().resolve("trials.log");
    fork = new Fork(flags.jvmFlags(), log);
  }

  /** Measures everything that the flags ask for, writes the results and returns them. */
  Results all() throws Exception {
    Files.createDirectories(flags.out());
    Files.deleteIfExists(log);
    if (flags.pace() == Pace.SMOKE) {
      notes.add("A smoke test: these figures mean nothing.");
    } else if (flags.inProcess()) {
      notes.add("All in one JVM (--in-process): what ran before is in these figures.");
    } else if (!flags.jvmFlags().isEmpty()) {
      notes.add("Measured with " + String.join(" ", flags.jvmFlags()) + ".");
    }
    noteIfBusy();
    List<Step> steps = steps();
    Instant started = Instant.now();
    Surroundings surroundings =
        Surroundings.of(flags.pace()).withJvm(flags.inProcess(), flags.jvmFlags());
    out.printf(
        "%d measurements; a park of 1 ms takes %.3f ms here%n",
        steps.size(), surroundings.parkNanos() / 1e6);
    try (Server server = new Server(steps.stream().anyMatch(step -> step.regime().needsServer()))) {
      Progress progress = new Progress(out, steps.size());
      Surroundings shared =
          server.address() == null ? surroundings : surroundings.withServer(server.address());
      for (Step step : steps) {
        Sample sample = measure(step, shared.withSeed(step.round()));
        samples.add(sample);
        progress.done(step.regime(), step.pool(), sample);
      }
    }
    if (Files.exists(log) && Files.size(log) == 0) {
      Files.delete(log);
    }
    Results results =
        new Results(
            Machine.here(),
            started.truncatedTo(ChronoUnit.MINUTES).toString(),
            flags.pace().toString().toLowerCase(Locale.ROOT) + " form",
            flags.rounds(),
            samples);
    Report report = new Report(results, notes);
    report.write(flags.out());
    out.println();
    out.println(report.text());
    out.println("Written to " + flags.out());
    tellFailures(results);
    return results;
  }

  /** Prints the failures last, so that the tables don't push them off the screen. */
  private void tellFailures(Results results) {
    List<Sample> failures = results.failures();
    if (!failures.isEmpty()) {
      out.printf("%d of %d measurements failed:%n", failures.size(), samples.size());
      for (Sample each : failures) {
        out.printf(
            "  %s %s, round %d: %s%n", each.regime(), each.pool(), each.round(), each.failure());
      }
    }
  }

  /**
   * Notes if others used the machine at the same time, which whoever reads the figures must know.
   */
  private void noteIfBusy() {
    double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    if (load > 0.5 * Runtime.getRuntime().availableProcessors()) {
      String note =
          String.format(
              Locale.ROOT,
              "The machine was busy when this began (load average %.1f): these figures are"
                  + " provisional.",
              load);
      notes.add(note);
      out.println(note);
    }
  }

  private List<Step> steps() {
    List<Step> steps = new ArrayList<>();
    int release = Runtime.version().feature();
    for (Regime regime : flags.regimes()) {
      if (regime.release() > release) {
        notes.add(regime.key() + " was left out: it needs Java " + regime.release() + " or newer.");
      }
    }
    for (int round = 1; round <= flags.rounds(); round++) {
      for (Regime regime : flags.regimes()) {
        if (regime.release() <= release) {
          List<Contender> pools = new ArrayList<>(regime.contenders());
          pools.retainAll(flags.pools());
          Collections.rotate(pools, round - 1);
          for (Contender pool : pools) {
            steps.add(new Step(round, regime, pool));
          }
        }
      }
    }
    return steps;
  }

  private Sample measure(Step step, Surroundings surroundings) throws Exception {
    String regime = step.regime().key();
    String pool = step.pool().key();
    if (flags.inProcess() || step.regime().forks()) {
      return new Trial(regime, pool, step.round(), surroundings, new File("")).run();
    }
    return fork.run(regime, pool, step.round(), surroundings);
  }

  /** A PostgreSQL server, if one of the regimes needs it. */
  private static final class Server implements AutoCloseable {
    private final @Nullable PostgresServer server;

    Server(boolean wanted) {
      server = wanted ? PostgresServer.startEmbedded(ServerSettings.defaults()) : null;
    }

    Surroundings.@Nullable Server address() {
      return server == null
          ? null
          : new Surroundings.Server(server.jdbcUrl(), server.user(), server.password());
    }

    @Override
    public void close() {
      if (server != null) {
        server.close();
      }
    }
  }
}
