package io.everpool.postgresql;

import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A place in the write-ahead log. Two compare only on the same timeline, or where the one was
 * before the other's began.
 *
 * @param timeline 0 if it isn't known
 * @param lsn the byte
 */
record WalPosition(int timeline, long lsn) {
  private static final Pattern LSN = Pattern.compile("([0-9A-F]{1,8})/([0-9A-F]{1,8})");
  private static final Pattern TEXT = Pattern.compile("([0-9A-F]{1,8}):([0-9A-F/]{3,17})");

  private static final int PAGE_HEADER = 24;
  private static final int SEGMENT_HEADER = 40;

  /** What {@link #toString} wrote; null if it did not write that. */
  static @Nullable WalPosition parse(String text) {
    Matcher parts = TEXT.matcher(text);
    return parts.matches() && LSN.matcher(parts.group(2)).matches()
        ? new WalPosition((int) HexFormat.fromHexDigitsToLong(parts.group(1)), lsn(parts.group(2)))
        : null;
  }

  /** A {@code pg_lsn} as a number; compares without a sign. */
  static long lsn(String text) {
    Matcher halves = LSN.matcher(text);
    if (!halves.matches()) {
      throw new IllegalArgumentException("no pg_lsn");
    }
    return (HexFormat.fromHexDigitsToLong(halves.group(1)) << Integer.SIZE)
        + HexFormat.fromHexDigitsToLong(halves.group(2));
  }

  /**
   * The end of what was written, by the place where the next record goes. At the beginning of a
   * page these are not the same: between them is the header of the page, and a standby that has
   * replayed all there is stands before it for as long as nothing follows.
   */
  static long end(long insert, long pageSize, long segmentSize) {
    long inPage = Long.remainderUnsigned(insert, pageSize);
    long header =
        Long.remainderUnsigned(insert, segmentSize) == inPage ? SEGMENT_HEADER : PAGE_HEADER;
    return inPage == header ? insert - header : insert;
  }

  /** Whether {@code reached} is as far, or farther. */
  boolean isBefore(long reached) {
    return Long.compareUnsigned(reached, lsn) >= 0;
  }

  /** {@code timeline:lsn}, both in hexadecimal digits. */
  @Override
  public String toString() {
    return "%X:%X/%X".formatted(timeline, lsn >>> Integer.SIZE, (int) lsn);
  }
}
