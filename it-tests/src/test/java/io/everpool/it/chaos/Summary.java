package io.everpool.it.chaos;

import io.everpool.it.chaos.Score.Figure;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** A run in figures. */
final class Summary {
  private static final int FIRST_COLUMN = 54;
  private final ChaosRun run;
  private final List<Score> scores;
  private final StringBuilder text = new StringBuilder();

  private Summary(ChaosRun run) {
    this.run = run;
    this.scores = run.contestants().stream().map(Contestant::score).toList();
  }

  static String of(ChaosRun run) {
    Summary summary = new Summary(run);
    summary.faults();
    summary.figures();
    summary.errors();
    for (Score score : summary.scores) {
      summary.list(score.name() + ", flaws (the first of them)", score.flaws());
      if (score == run.score()) {
        summary.list(score.name() + ", remarks (the first of them)", score.remarks());
      }
    }
    return summary.text.toString();
  }

  private void faults() {
    line("%,d faults in %s, %s", run.strikes(), time(run), run.settings());
    run.struck().forEach((fault, times) -> line("  %-52s %,10d", fault.description(), times));
  }

  private void figures() {
    heading("");
    for (Figure figure : Figure.values()) {
      row(figure.text(), scores.stream().map(score -> score.get(figure)).toList());
    }
  }

  private void errors() {
    Set<String> kinds = new TreeSet<>();
    scores.forEach(score -> kinds.addAll(score.errors().keySet()));
    heading("errors seen by the application");
    for (String kind : kinds) {
      row(kind, scores.stream().map(score -> score.errors().getOrDefault(kind, 0L)).toList());
    }
  }

  private void heading(String first) {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%n%-54s", first));
    scores.forEach(score -> line.append(String.format(Locale.ROOT, " %20s", score.name())));
    line("%s", line);
  }

  private void row(String first, List<Long> values) {
    String shortened = first.length() > FIRST_COLUMN ? first.substring(0, FIRST_COLUMN) : first;
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-54s", shortened));
    values.forEach(value -> line.append(String.format(Locale.ROOT, " %,20d", value)));
    line("%s", line);
  }

  private void list(String title, List<String> lines) {
    if (!lines.isEmpty()) {
      line("%n%s:", title);
      lines.forEach(each -> line("  %s", each));
    }
  }

  private void line(String format, Object... values) {
    text.append(String.format(Locale.ROOT, format, values)).append(System.lineSeparator());
  }

  static String time(ChaosRun run) {
    long seconds = run.elapsed().toSeconds();
    return String.format(
        Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }
}
