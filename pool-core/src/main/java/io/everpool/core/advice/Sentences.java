package io.everpool.core.advice;

import static java.util.Locale.ROOT;

import io.everpool.api.SizeAdvice;
import io.everpool.api.SizeAdvice.Forecast;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** What an advice says to a person. */
final class Sentences {
  private static final DateTimeFormatter MINUTE =
      DateTimeFormatter.ofPattern("EEEE yyyy-MM-dd HH:mm", Locale.ENGLISH).withZone(ZoneOffset.UTC);

  private Sentences() {}

  static String of(SizeAdvice advice) {
    StringBuilder text = new StringBuilder();
    text.append(
        advice.size() == advice.maxSize()
            ? String.format(ROOT, "max-size = %d is right", advice.size())
            : String.format(
                ROOT, "max-size = %d would do, %d now", advice.size(), advice.maxSize()));
    text.append(
        String.format(
            ROOT,
            ": of %,d leases in %s (half of them up to %s, 99 of 100 up to %s) at most %d were out"
                + " at the same time, and 99 of 100 waited up to %s.",
            advice.leases(),
            said(advice.observed()),
            said(advice.useMedian()),
            said(advice.useP99()),
            advice.usedTogether(),
            said(advice.waitP99())));
    for (Forecast forecast : advice.forecasts()) {
      text.append(
          String.format(
              ROOT,
              " With %d they would have waited up to %s, the unluckiest %s.",
              forecast.size(),
              said(forecast.waitP99()),
              said(forecast.longestWait())));
    }
    text.append(
        String.format(
            ROOT,
            " The busiest minute of the last seven days was %s UTC, with %.1f in use on average.",
            MINUTE.format(advice.busiestMinute()),
            advice.usedThen()));
    return text.toString();
  }

  private static String said(Duration time) {
    long micros = time.toNanos() / 1_000;
    if (micros < 1_000) {
      return micros == 0 ? "0 ms" : micros + " us";
    }
    double millis = micros / 1e3;
    return millis < 10
        ? String.format(ROOT, "%.1f ms", millis)
        : millis < 5_000
            ? String.format(ROOT, "%.0f ms", millis)
            : millis < 600_000
                ? String.format(ROOT, "%.0f s", millis / 1e3)
                : String.format(ROOT, "%.0f min", millis / 60e3);
  }
}
