package io.everpool.postgresql.protocol;

import io.everpool.api.driver.StreamedData;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What each COPY has sent to the server, as far back as a run of a unit of work may want to know;
 * and whether a further run sends but what is left of a stream.
 *
 * <p>pgjdbc's {@code CopyManager} reads a stream to its end, and a buffer ahead of what it sends.
 * So of a stream whose COPY came to its end nothing is left. Of another there is a rest, whose
 * beginning was never seen: whoever has the whole sends first what was sent before, and not less.
 *
 * <p>Plain fields, as those of {@link ProtocolLog}.
 */
final class CopiedStreams {

  /** So many are kept: a connection may have any number of them. */
  static final int MOST = 1000;

  /** So much of a beginning is compared, in bytes: enough to tell, and no toll on a large load. */
  static final int LONGEST_BEGINNING = 1024 * 1024;

  private record Ended(long begun, StreamedData data) {}

  private final ArrayDeque<Ended> ended = new ArrayDeque<>(2);

  /** When the last of those began that were forgotten. */
  private long forgotten;

  // ---- the one that is under way, or was last

  private boolean open;
  private long begun;
  private long length;
  private final CRC32C beginning = new CRC32C();

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
    open = true;
    begun = moment;
    length = 0;
    beginning.reset();
  }

  /** Some of the data is about to be sent. */
  void data(byte[] buffer, int from, int to) {
    if (!open || from == to) {
      return;
    }
    StreamedData before = expected();
    if (before != null && !before.isWhole()) {
      long until = Math.min(before.length(), LONGEST_BEGINNING);
      int more = (int) Math.max(0, Math.min(to - from, until - length));
      add(buffer, from, from + more);
      refused |= until == 0 || (more > 0 && length == until && sum() != before.checksum());
      add(buffer, from + more, to);
    } else {
      add(buffer, from, to);
    }
  }

  private void add(byte[] buffer, int from, int to) {
    int compared = (int) Math.max(0, Math.min(to - from, LONGEST_BEGINNING - length));
    beginning.update(buffer, from, compared);
    length += to - from;
  }

  private int sum() {
    return (int) beginning.getValue();
  }

  /** The end of the data is about to be sent. */
  void done() {
    StreamedData before = open ? expected() : null;
    if (before != null) {
      refused |=
          before.isWhole()
              ? length == 0 && before.length() > 0
              : length < before.length() || before.length() == 0;
    }
    end(true);
  }

  private @Nullable StreamedData expected() {
    return next < expected.size() ? expected.get(next) : null;
  }

  private void end(boolean whole) {
    if (open) {
      open = false;
      next++;
      ended.add(new Ended(begun, now(whole)));
      if (ended.size() > MOST) {
        forgotten = ended.remove().begun;
      }
    }
  }

  private StreamedData now(boolean whole) {
    return new StreamedData(length, whole, sum());
  }

  /** See {@link io.everpool.api.driver.PhysicalConnection#streamedSince}. */
  List<StreamedData> since(long moment) {
    if (forgotten > moment) {
      return List.of();
    }
    List<StreamedData> all = new ArrayList<>();
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

  /** See {@link io.everpool.api.driver.PhysicalConnection#refusedStreamed}. */
  boolean isRefused() {
    return refused;
  }
}
