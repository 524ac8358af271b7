package io.everpool.benchmarks.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Regime;
import io.everpool.benchmarks.harness.Regimes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is shown of a run, and what is kept of it. */
public final class Report {

  private final Results results;
  private final List<Regime> regimes;
  private final List<String> notes;

  /**
   * @param notes sentences that must be read together with the figures
   */
  public Report(Results results, List<String> notes) {
    this.results = results;
    this.notes = List.copyOf(notes);
    regimes = Regimes.list().stream().filter(regime -> results.has(regime.key())).toList();
  }

  /** The tables and bars as Markdown. */
  public String text() {
    StringBuilder text = new StringBuilder("## Everpool and its peers\n\n");
    text.append(foot()).append("\n");
    for (String note : notes) {
      text.append("\n").append(note).append("\n");
    }
    for (Regime regime : regimes) {
      text.append("\n").append(Tables.of(regime, results));
    }
    List<List<String>> bars = new ArrayList<>();
    bars.add(List.of("regime", "bar", "limit", "measured", "verdict"));
    Bar.all(results).stream()
        .filter(bar -> results.has(bar.regime()))
        .forEach(bar -> bars.add(bar.row()));
    if (bars.size() > 1) {
      text.append("\n### Bars\n\n").append(Tables.markdown(bars));
    }
    return text.toString();
  }

  /** Writes {@code results.json}, {@code results.md} and the charts. */
  public void write(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("results.md"), text());
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("results", results);
    all.put("versions", versions());
    all.put("bars", Bar.all(results).stream().filter(bar -> bar.known() || bar.failed()).toList());
    ObjectMapper json = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    json.writeValue(folder.resolve("results.json").toFile(), all);
    Map<String, List<Regime>> groups = new LinkedHashMap<>();
    for (Regime regime : regimes) {
      groups.computeIfAbsent(Column.group(regime.key()), any -> new ArrayList<>()).add(regime);
      if (waits(regime)) {
        Files.writeString(
            folder.resolve(regime.key() + "-waits.svg"), WaitChart.of(regime, results, foot()));
      }
    }
    for (Map.Entry<String, List<Regime>> group : groups.entrySet()) {
      Files.writeString(
          folder.resolve(group.getKey() + ".svg"), BarChart.of(group.getValue(), results, foot()));
    }
  }

  /** Whether the regime is about waiting, and there are waits. */
  private boolean waits(Regime regime) {
    return Column.waits(regime.key())
        && regime.contenders().stream()
            .anyMatch(pool -> pool.pool() && !results.waits(regime.key(), pool).isEmpty());
  }

  private String foot() {
    return results.machine()
        + "; "
        + results.started()
        + ", "
        + results.pace()
        + ", "
        + results.rounds()
        + (results.rounds() == 1 ? " round" : " rounds");
  }

  private static Map<String, String> versions() {
    Map<String, String> versions = new LinkedHashMap<>();
    for (Contender pool : Contender.pools()) {
      versions.put(pool.key(), pool.version());
    }
    return versions;
  }
}
