package io.everpool.postgresql.protocol;

import io.everpool.postgresql.sql.StatementKind;
import java.util.Arrays;

/**
 * The kinds of prepared statements, or portals, by name. Allocates only to grow.
 *
 * <p>A name of up to eight bytes is its own key; pgjdbc's are {@code S_1}, {@code S_2}, ... A
 * longer one is hashed to 64 bits.
 */
final class NamedKinds {
  /** More at once than anybody has; beyond it they are forgotten. */
  private static final int MOST = 16 * 1024;

  private static final int KIND = (1 << 4) - 1;
  private static final int COUNTS_CHANGES = 1 << 4;
  private static final int WRITES_UNSEEN = 1 << 5;
  private static final int ALLOWS_WRITES = 1 << 6;
  private static final int UNKNOWN =
      StatementKind.ANYTHING.code() | ALLOWS_WRITES | WRITES_UNSEEN | COUNTS_CHANGES;
  private static final byte FREE = -1;
  private static final byte REMOVED = -2;

  private int unnamed = UNKNOWN;
  private long[] keys = new long[16];
  private byte[] kinds = free(16);

  /** Places that aren't free, removed ones included. */
  private int used;

  static StatementKind kind(int found) {
    return StatementKind.of(found & KIND);
  }

  static boolean allowsWrites(int found) {
    return (found & ALLOWS_WRITES) != 0;
  }

  static boolean writesUnseen(int found) {
    return (found & WRITES_UNSEEN) != 0;
  }

  static boolean countsChanges(int found) {
    return (found & COUNTS_CHANGES) != 0;
  }

  /** What the four above read. */
  static int marked(
      StatementKind kind, boolean allowsWrites, boolean writesUnseen, boolean countsChanges) {
    return kind.code()
        | (allowsWrites ? ALLOWS_WRITES : 0)
        | (writesUnseen ? WRITES_UNSEEN : 0)
        | (countsChanges ? COUNTS_CHANGES : 0);
  }

  /**
   * Remembers.
   *
   * @param found what {@link #marked} or {@link #get} has said
   */
  void put(byte[] buffer, int from, int to, int found) {
    if (from == to) {
      unnamed = found;
      return;
    }
    long key = key(buffer, from, to);
    int at = find(key);
    if (at < 0) {
      if (2 * used >= keys.length) {
        grow();
      }
      at = place(key);
      if (kinds[at] == FREE) {
        used++;
      }
      keys[at] = key;
    }
    kinds[at] = (byte) found;
  }

  /**
   * What {@link #kind}, {@link #allowsWrites}, {@link #writesUnseen} and {@link #countsChanges}
   * read; of an unknown name the worst.
   */
  int get(byte[] buffer, int from, int to) {
    if (from == to) {
      return unnamed;
    }
    int at = find(key(buffer, from, to));
    return at < 0 ? UNKNOWN : kinds[at];
  }

  void remove(byte[] buffer, int from, int to) {
    if (from == to) {
      unnamed = UNKNOWN;
      return;
    }
    int at = find(key(buffer, from, to));
    if (at >= 0) {
      kinds[at] = REMOVED;
    }
  }

  private int find(long key) {
    int mask = keys.length - 1;
    for (int at = spread(key) & mask; kinds[at] != FREE; at = (at + 1) & mask) {
      if (keys[at] == key && kinds[at] != REMOVED) {
        return at;
      }
    }
    return -1;
  }

  /** Where a key goes that isn't there. */
  private int place(long key) {
    int mask = keys.length - 1;
    int at = spread(key) & mask;
    while (kinds[at] >= 0) {
      at = (at + 1) & mask;
    }
    return at;
  }

  /** Drops the removed ones, too. */
  private void grow() {
    long[] oldKeys = keys;
    byte[] oldKinds = kinds;
    int live = 0;
    for (byte kind : oldKinds) {
      live += kind >= 0 ? 1 : 0;
    }
    int size = 4 * live >= keys.length ? 2 * keys.length : keys.length;
    boolean forget = size > MOST;
    size = forget ? 16 : size;
    keys = new long[size];
    kinds = free(size);
    used = 0;
    for (int i = 0; i < oldKinds.length && !forget; i++) {
      if (oldKinds[i] >= 0) {
        int at = place(oldKeys[i]);
        keys[at] = oldKeys[i];
        kinds[at] = oldKinds[i];
        used++;
      }
    }
  }

  private static long key(byte[] buffer, int from, int to) {
    long key = 0;
    if (to - from <= Long.BYTES) {
      for (int at = from; at < to; at++) {
        key = key << 8 | (buffer[at] & 0xff);
      }
      return key;
    }
    key = 0xcbf29ce484222325L; // FNV-1a
    for (int at = from; at < to; at++) {
      key = (key ^ (buffer[at] & 0xff)) * 0x100000001b3L;
    }
    return key;
  }

  private static int spread(long key) {
    long mixed = key * 0x9e3779b97f4a7c15L;
    return (int) (mixed >>> 32);
  }

  private static byte[] free(int size) {
    byte[] kinds = new byte[size];
    Arrays.fill(kinds, FREE);
    return kinds;
  }
}
