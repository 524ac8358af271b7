package io.everpool.api.driver;

/**
 * What a program has sent to the server as a stream, by the driver's own object and beside a
 * statement (PostgreSQL's COPY). By this an adapter can tell whether a further run of a unit of
 * work sends only the rest that an earlier run has left of the same stream. Immutable; holds none
 * of the data.
 *
 * @see PhysicalConnection#streamedSince
 */
public final class StreamedData {
  private final long length;
  private final boolean whole;
  private final int checksum;

  /**
   * Made by an adapter that has seen it.
   *
   * @param length how many bytes were sent; 0 or more
   * @param whole whether its end was sent, too
   * @param checksum a checksum of its beginning, by whatever rule the adapter has for that
   */
  public StreamedData(long length, boolean whole, int checksum) {
    if (length < 0) {
      throw new IllegalArgumentException("A negative length: " + length);
    }
    this.length = length;
    this.whole = whole;
    this.checksum = checksum;
  }

  /** How many bytes of it were sent, or might have been. */
  public long length() {
    return length;
  }

  /** Whether its end was sent, or might have been. */
  public boolean isWhole() {
    return whole;
  }

  /** The checksum, as the adapter has computed it. */
  public int checksum() {
    return checksum;
  }

  @Override
  public String toString() {
    return "StreamedData[" + length + (whole ? " bytes, whole]" : " bytes, cut]");
  }
}
