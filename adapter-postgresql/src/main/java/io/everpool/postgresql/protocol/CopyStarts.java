package io.everpool.postgresql.protocol;

import io.everpool.api.driver.StreamedData;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How the data of each COPY to the server began, as far back as a run of a unit of work may want to
 * know; and whether a further run sends but what is left of a stream.
 *
 * <p>pgjdbc's {@code CopyManager} reads a stream to its end, a buffer ahead of what it sends. So of
 * a COPY whose end was sent nothing is left, and of another a rest whose beginning was never seen.
 *
 * <p>Plain fields, as those of {@link ProtocolLog}.
 */
final class CopyStarts {

  /**
   * Of so many the beginnings are kept, some bytes for each. A lease may have more; then those of
   * before are forgotten, and nothing is said of a time in which they were.
   */
  static final int MOST = 1000;

  private static final byte[] NOTHING = {};
  private static final StreamedData EMPTY = new StreamedData(NOTHING, true);

  private static final StreamedData WHOLE = new StreamedData(new byte[1], true);

  private record Ended(long begun, StreamedData data) {}

  private final List<Ended> ended = new ArrayList<>(1);
  private long forgotten;

  // ---- the one that is under way, or was last

  private boolean open;
  private long begun;
  private byte[] start = NOTHING;
  private int size;

  // ---- what a run before has sent

  private List<StreamedData> expected = List.of();
  private int next;
  private boolean refused;

  /**
   * The server waits for data.
   *
   * @param moment on the log's own count
   */
  void begin(long moment) {
    end(false);
    if (ended.size() == MOST) {
      forgotten = ended.get(MOST - 1).begun;
      ended.clear();
    }
    open = true;
    begun = moment;
    size = 0;
  }

  /** Some of the data is about to be sent. */
  void data(byte[] buffer, int from, int to) {
    int more = Math.min(to - from, StreamedData.LONGEST_START - size);
    if (!open || more <= 0) {
      return;
    }
    if (size + more > start.length) {
      start = Arrays.copyOf(start, StreamedData.LONGEST_START);
    }
    System.arraycopy(buffer, from, start, size, more);
    size += more;
    compare(false);
  }

  /** The end of the data is about to be sent. */
  void done() {
    if (open) {
      compare(true);
      end(true);
    }
  }

  private void compare(boolean whole) {
    if (next < expected.size() && now(whole).mayBeRestOf(expected.get(next))) {
      refused = true;
    }
  }

  private StreamedData now(boolean whole) {
    return new StreamedData(Arrays.copyOf(start, size), whole);
  }

  private void end(boolean whole) {
    if (open) {
      open = false;
      ended.add(new Ended(begun, whole && next >= expected.size() ? shortened() : now(whole)));
      next++;
      start = NOTHING;
    }
  }

  /** What is enough to know of a whole one that is compared with none before it. */
  private StreamedData shortened() {
    return size == 0 ? EMPTY : WHOLE;
  }

  /** See {@link io.everpool.api.driver.PhysicalConnection#streamedSince}. */
  List<StreamedData> since(long moment) {
    if (forgotten > moment) {
      return List.of();
    }
    List<StreamedData> all = new ArrayList<>(ended.size() + 1);
    for (Ended each : ended) {
      if (each.begun > moment) {
        all.add(each.data);
      }
    }
    if (open && begun > moment) {
      all.add(now(false));
    }
    return all;
  }

  /** See {@link io.everpool.api.driver.PhysicalConnection#expectStreamed}. */
  void expect(List<StreamedData> before) {
    end(false);
    expected = List.copyOf(before);
    next = 0;
  }

  /** Whether the end of something was about to be sent that may be but a rest. */
  boolean isRefused() {
    return refused;
  }
}
