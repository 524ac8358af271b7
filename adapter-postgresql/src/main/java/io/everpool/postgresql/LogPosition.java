package io.everpool.postgresql;

import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/**
 * Where a transaction was at work, as its ticket has it.
 *
 * @param run the server's run
 * @param lsn where its log stood, after the transaction got its id and before its COMMIT was sent;
 *     in bytes
 */
record LogPosition(ServerRun run, BigInteger lsn) {
  private static final char AT = '@';

  String text() {
    return run.text() + AT + lsn;
  }

  /** The opposite of {@link #text()}; null if it is something else. */
  static @Nullable LogPosition parse(String text) {
    int at = text.indexOf(AT);
    if (at < 0 || !text.substring(at + 1).matches("\\d+")) {
      return null;
    }
    ServerRun run = ServerRun.parse(text.substring(0, at));
    return run == null ? null : new LogPosition(run, new BigInteger(text.substring(at + 1)));
  }
}
