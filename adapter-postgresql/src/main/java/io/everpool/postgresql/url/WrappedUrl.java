package io.everpool.postgresql.url;

import io.everpool.postgresql.driver.WrappingDriver;
import java.util.ArrayList;
import java.util.List;

/**
 * A URL without the names of drivers that look on.
 *
 * @param drivers these drivers, the outermost first; empty if there are none
 * @param within pgjdbc's own URL, or what is meant to be one; the text itself if there are no such
 *     drivers
 */
record WrappedUrl(List<WrappingDriver> drivers, String within) {
  private static final String JDBC = "jdbc:";

  /**
   * Takes the drivers' names away. A URL like {@code jdbc:p6spy:mysql:...} is not for this adapter,
   * and stays as it is.
   */
  static WrappedUrl of(String url) {
    List<WrappingDriver> drivers = new ArrayList<>();
    String rest = begins(url, JDBC) ? url.substring(JDBC.length()) : "";
    for (WrappingDriver one = WrappingDriver.of(rest); one != null; one = WrappingDriver.of(rest)) {
      drivers.add(one);
      rest = rest.substring(one.prefix().length());
    }
    return drivers.isEmpty() || !begins(rest, "postgres")
        ? new WrappedUrl(List.of(), url)
        : new WrappedUrl(List.copyOf(drivers), JDBC + rest);
  }

  private static boolean begins(String text, String beginning) {
    return text.regionMatches(true, 0, beginning, 0, beginning.length());
  }
}
