package io.everpool.core.plain;

import io.everpool.api.PoolConfig;
import io.everpool.api.ResetMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Sentences about settings that somebody has set and that mean nothing without an adapter. */
final class UnusedSettings {
  private static final Duration DEFAULT_COMMAND_TIMEOUT =
      PoolConfig.builder("jdbc:any:thing").build().commandTimeout();

  private UnusedSettings() {}

  static List<String> notes(PoolConfig config, String origin) {
    List<String> notes = new ArrayList<>(2);
    if (config.reset() == ResetMode.DISCARD_ALL) {
      notes.add(
          "reset = discard-all does nothing with "
              + origin
              + ": what SQL has set in a session (variables, temporary tables, locks) goes to the"
              + " next borrower; only what JDBC has set is brought back");
    }
    Duration limit = config.commandTimeout();
    if (!limit.isZero() && !limit.equals(DEFAULT_COMMAND_TIMEOUT)) {
      notes.add(
          "command-timeout bounds no statement with "
              + origin
              + ": set a limit in the driver (its URL or properties), on the server, or by"
              + " setQueryTimeout");
    }
    return notes;
  }
}
