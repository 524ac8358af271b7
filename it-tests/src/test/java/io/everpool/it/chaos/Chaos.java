package io.everpool.it.chaos;

import io.everpool.it.chaos.Score.Figure;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Chaos by one command, for as long as one likes; see docs/chaos.md. Ends with 0 if nothing was
 * lost, doubled or wrongly resolved on Everpool, with 1 otherwise.
 */
public final class Chaos {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final int SECONDS_BETWEEN_LINES = 5;

  private Chaos() {}

  public static void main(String[] args) throws SQLException, InterruptedException {
    ChaosSettings settings;
    try {
      settings = ChaosSettings.orElse(HOUR, Integer.MAX_VALUE, true);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    boolean well;
    System.out.println("Chaos: " + settings);
    try (ChaosLog log = ChaosLog.open();
        ChaosRun run = new ChaosRun(settings, progress())) {
      run.run();
      System.out.printf("%n%s%nWhat the pools logged: %s%n", Summary.of(run), log.file());
      well = flawless(run);
    }
    System.exit(well ? 0 : 1);
  }

  /** Whether everything that has to be zero is. */
  static boolean flawless(ChaosRun run) {
    return run.score().get(Figure.ACKNOWLEDGED) > 0
        && Arrays.stream(Figure.values())
            .filter(Figure::flaw)
            .allMatch(figure -> run.score().get(figure) == 0);
  }

  /** A line every few seconds. */
  private static Consumer<ChaosRun> progress() {
    AtomicLong said = new AtomicLong();
    return run -> {
      long now = run.elapsed().toSeconds();
      if (now - said.get() >= SECONDS_BETWEEN_LINES) {
        said.set(now);
        System.out.println(line(run));
      }
    };
  }

  private static String line(ChaosRun run) {
    StringBuilder line =
        new StringBuilder(
            String.format(Locale.ROOT, "%s  %,d faults", Summary.time(run), run.strikes()));
    for (Contestant contestant : run.contestants()) {
      Score score = contestant.score();
      line.append(
          String.format(
              Locale.ROOT,
              " | %s: %,d done, %,d unknown, %,d lost, %,d doubled",
              score.name(),
              contestant.acknowledged(),
              contestant.unknown(),
              score.get(Figure.LOST),
              score.get(Figure.DOUBLED)));
    }
    return line.toString();
  }
}
