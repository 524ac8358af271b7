package io.everpool.postgresql;

import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/**
 * Where a transaction was at work, as its ticket has it.
 *
 * @param run the server's run
 * @param position where its log stood, after the transaction got its id and before its COMMIT was
 *     sent; in bytes
 */
record Place(Incarnation run, BigInteger position) {
  private static final char AT = '@';

  String text() {
    return run.text() + AT + position;
  }

  /** The opposite of {@link #text()}; null if it is something else. */
  static @Nullable Place parse(String text) {
    int at = text.indexOf(AT);
    if (at < 0 || !text.substring(at + 1).matches("\\d+")) {
      return null;
    }
    Incarnation run = Incarnation.parse(text.substring(0, at));
    return run == null ? null : new Place(run, new BigInteger(text.substring(at + 1)));
  }
}
