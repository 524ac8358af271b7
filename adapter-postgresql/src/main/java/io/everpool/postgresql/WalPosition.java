package io.everpool.postgresql;

import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A position in the write-ahead log. Two positions can be compared if they are on the same
 * timeline, or if one lies before the point at which the other's timeline began.
 *
 * @param timeline the timeline; 0 if it isn't known
 * @param lsn the number of the byte, from the beginning of the log (PostgreSQL: {@code pg_lsn})
 */
record WalPosition(int timeline, long lsn) {
  /** {@code 16/B374D848}: the upper and the lower 32 bits of the byte's number. */
  private static final Pattern LSN = Pattern.compile("([0-9A-F]{1,8})/([0-9A-F]{1,8})");

  /** {@code 3:16/B374D848}: timeline and LSN, as {@link #toString} writes them. */
  private static final Pattern TEXT = Pattern.compile("([0-9A-F]{1,8}):([0-9A-F/]{3,17})");

  private static final int PAGE_HEADER = 24;
  private static final int SEGMENT_HEADER = 40;

  /** Reads what {@link #toString} wrote; null if the text isn't of that form. */
  static @Nullable WalPosition parse(String text) {
    Matcher parts = TEXT.matcher(text);
    return parts.matches() && LSN.matcher(parts.group(2)).matches()
        ? new WalPosition((int) HexFormat.fromHexDigitsToLong(parts.group(1)), lsn(parts.group(2)))
        : null;
  }

  /** A {@code pg_lsn} as a number, which has to be compared as a number without a sign. */
  static long lsn(String text) {
    Matcher halves = LSN.matcher(text);
    if (!halves.matches()) {
      throw new IllegalArgumentException("no pg_lsn");
    }
    return (HexFormat.fromHexDigitsToLong(halves.group(1)) << Integer.SIZE)
        + HexFormat.fromHexDigitsToLong(halves.group(2));
  }

  /**
   * The end of what was written, as the number of a byte.
   *
   * <p>The server tells where the next record goes ({@code insert}). If the next record is the
   * first of a page, it goes behind the page's header, and the last record ends before that header.
   * A standby that has replayed everything stands before the header, and goes no farther until a
   * record follows.
   */
  static long end(long insert, long pageSize, long segmentSize) {
    long inPage = Long.remainderUnsigned(insert, pageSize);
    long header =
        Long.remainderUnsigned(insert, segmentSize) == inPage ? SEGMENT_HEADER : PAGE_HEADER;
    return inPage == header ? insert - header : insert;
  }

  /** Whether a log that ends at {@code reached} contains this position. */
  boolean isReachedBy(long reached) {
    return Long.compareUnsigned(reached, lsn) >= 0;
  }

  /** {@code timeline:lsn}, both in hexadecimal digits. */
  @Override
  public String toString() {
    return "%X:%X/%X".formatted(timeline, lsn >>> Integer.SIZE, (int) lsn);
  }
}
