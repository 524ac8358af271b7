package io.everpool.api.driver;

import java.util.Arrays;

/**
 * What a program has sent to the server as a stream, by the driver's own object and beside a
 * statement (PostgreSQL's COPY): how it began, and whether its end was sent. By this a further run
 * of a unit of work can be told from one that sends what a run before has left of the same stream.
 * Immutable.
 *
 * @see PhysicalConnection#streamedSince
 */
public final class StreamedData {

  /** How many bytes of a beginning are worth knowing: more are cut off. */
  public static final int LONGEST_START = 256;

  private final byte[] start;
  private final boolean whole;

  /**
   * Copies what it is given.
   *
   * @param start the first bytes, as far as any were sent
   * @param whole whether its end was sent, too
   */
  public StreamedData(byte[] start, boolean whole) {
    this.start = Arrays.copyOf(start, Math.min(start.length, LONGEST_START));
    this.whole = whole;
  }

  /** Whether nothing of it was sent but, perhaps, its end. */
  public boolean isEmpty() {
    return start.length == 0;
  }

  /**
   * Whether this may be what was left of a stream of which a run before has sent {@code before}. A
   * stream whose end was sent is used up: what is left of it is nothing. Of another nobody knows
   * how far it was read; only what begins as that began is taken for the whole.
   */
  public boolean mayBeRestOf(StreamedData before) {
    if (isEmpty()) {
      return whole && !(before.whole && before.isEmpty());
    }
    return !before.whole && !beginsAs(before);
  }

  private boolean beginsAs(StreamedData before) {
    int known = Math.min(start.length, before.start.length);
    return known > 0 && Arrays.equals(start, 0, known, before.start, 0, known);
  }

  /** Without the data, which is the program's. */
  @Override
  public String toString() {
    return "StreamedData[" + (isEmpty() ? "empty" : "begun") + (whole ? ", whole]" : ", cut]");
  }
}
