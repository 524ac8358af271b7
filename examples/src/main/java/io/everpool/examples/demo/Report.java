package io.everpool.examples.demo;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.Snapshot;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Prints the table at the end. */
final class Report {
  private final Screen screen;
  private final MetricRegistry metrics;
  private final List<Screen.Row> rows = new ArrayList<>();

  Report(Screen screen, MetricRegistry metrics) {
    this.screen = screen;
    this.metrics = metrics;
  }

  /** Shows what happened; returns whether the application noticed none of it. */
  boolean show(Pool pool, Tally tally, Play play, List<String> problems) {
    PoolSnapshot snapshot = pool.snapshot();
    row("queries done", number(tally.queries()));
    row("  transfers acknowledged", number(tally.transfers()));
    row("  statements of account read", number(tally.reads()));
    row("wait for a connection", wait(pool.name()));
    row("connections opened", number(snapshot.opened()));
    row("  closed", closed(snapshot));
    row("kills survived", number(play.kills()));
    row("server restarts survived", number(play.restarts()));
    row("retries", number(snapshot.retries()));
    row("errors the application saw", number(tally.errors().size()));
    row(
        "the books",
        problems.isEmpty()
            ? "balance; every acknowledged transfer is there exactly once"
            : problems.size() + " problems, see below");
    row("the pool's log", "examples/target/demo.log");
    row("for JDK Mission Control", "examples/target/demo.jfr");
    settings(pool.config());
    screen.table(rows);
    tally.errors().stream().limit(3).forEach(error -> screen.bad("seen: " + error));
    problems.stream().limit(10).forEach(problem -> screen.bad("books: " + problem));
    return tally.errors().isEmpty() && problems.isEmpty();
  }

  private void settings(PoolConfig config) {
    row("settings of the pool", "");
    row("  min-size, max-size", config.minSize() + ", " + config.maxSize());
    row("  max-queries", number(config.maxQueries()));
    row("  idle-timeout", config.idleTimeout().toSeconds() + "s");
    row("  health-check-interval", config.healthCheckInterval().toSeconds() + "s");
    row("  command-timeout", config.commandTimeout().toSeconds() + "s");
    row("  acquire-timeout", config.acquireTimeout().toSeconds() + "s");
    row("  retry.max-attempts", number(config.retry().maxAttempts()));
  }

  private void row(String name, String value) {
    rows.add(new Screen.Row(name, value));
  }

  private String wait(String pool) {
    Snapshot waits = metrics.timer(MetricRegistry.name(pool, "wait")).getSnapshot();
    return String.format(
        Locale.ROOT,
        "median %.3f ms, p99 %.1f ms, longest %.0f ms",
        waits.getMedian() / 1e6,
        waits.get99thPercentile() / 1e6,
        waits.getMax() / 1e6);
  }

  private static String closed(PoolSnapshot snapshot) {
    return snapshot.closedTotal()
        + snapshot.closed().entrySet().stream()
            .map(entry -> entry.getKey().label() + " " + entry.getValue())
            .sorted()
            .collect(Collectors.joining(", ", " (", ")"));
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }
}
