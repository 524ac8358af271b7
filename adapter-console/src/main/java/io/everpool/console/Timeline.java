package io.everpool.console;

import io.everpool.console.News.Weight;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The last things that happened in a pool. What happens to many connections at once is one entry,
 * which grows, so that a restart doesn't fill a page. Thread-safe.
 */
final class Timeline {
  private static final int MOST = 200;

  /** How many connections an entry names. */
  private static final int MOST_NAMED = 6;

  /** News of one kind belong together if they are no further apart than this, in milliseconds. */
  private static final long TOGETHER = 1_000;

  /** Only the last so many entries may still grow: entries of other kinds may come in between. */
  private static final int STILL_GROWING = 6;

  private final LongSupplier millis;
  private final LongSupplier wallMillis;

  private final ReentrantLock lock = new ReentrantLock();

  /** The entries, the oldest first; guarded by the lock. */
  private final Deque<Growing> entries = new ArrayDeque<>();

  private long changes;

  /**
   * What happened.
   *
   * @param id a number, counted from 1; an entry that has grown keeps its number
   * @param changed rises with each change of the timeline
   * @param at when it began, in milliseconds since 1970 on the steady clock; it tells how long ago
   *     that was
   * @param wallAt the same moment on the machine's clock as it was set then; logs have this time
   * @param weight how much it matters
   * @param text what happened, in one line
   */
  record Entry(long id, long changed, long at, long wallAt, Weight weight, String text) {}

  /**
   * @param millis the time in milliseconds since 1970, which never goes back
   * @param wallMillis the time of day in milliseconds since 1970, which somebody may set; the other
   *     time stands still while the machine is suspended
   */
  Timeline(LongSupplier millis, LongSupplier wallMillis) {
    this.millis = millis;
    this.wallMillis = wallMillis;
  }

  void add(News news) {
    lock.lock();
    try {
      long now = millis.getAsLong();
      Growing entry = growing(news, now);
      if (entry == null) {
        entry = new Growing(changes + 1, now, wallMillis.getAsLong(), news);
        entries.addLast(entry);
        if (entries.size() > MOST) {
          entries.removeFirst();
        }
      }
      entry.grow(news, now, ++changes);
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Growing growing(News news, long now) {
    int looked = 0;
    for (Iterator<Growing> each = entries.descendingIterator();
        each.hasNext() && looked < STILL_GROWING;
        looked++) {
      Growing entry = each.next();
      if (entry.news.isAlike(news) && now - entry.lastAt <= TOGETHER) {
        return entry;
      }
    }
    return null;
  }

  /** The entries that have changed after {@link Entry#changed() that change}, the oldest first. */
  List<Entry> after(long change) {
    List<Entry> changed = new ArrayList<>();
    lock.lock();
    try {
      for (Growing entry : entries) {
        if (entry.changed > change) {
          changed.add(entry.entry());
        }
      }
    } finally {
      lock.unlock();
    }
    return changed;
  }

  private static final class Growing {
    final long id;
    final long at;
    final long wallAt;
    final News news;
    final List<Long> named = new ArrayList<>();
    int count;
    long lastAt;
    long changed;

    Growing(long id, long at, long wallAt, News news) {
      this.id = id;
      this.at = at;
      this.wallAt = wallAt;
      this.news = news;
    }

    void grow(News more, long now, long change) {
      count++;
      lastAt = now;
      changed = change;
      if (more.connection() > 0 && named.size() < MOST_NAMED) {
        named.add(more.connection());
      }
    }

    Entry entry() {
      return new Entry(id, changed, at, wallAt, news.weight(), text());
    }

    private String text() {
      if (news.connection() == 0) {
        return news.what() + (count == 1 ? news.detail() : " (" + count + " times)");
      }
      if (count == 1) {
        return "Connection " + news.connection() + " " + news.what() + news.detail();
      }
      StringBuilder text = new StringBuilder("Connections ");
      for (int i = 0; i < named.size(); i++) {
        boolean last = i == count - 1;
        text.append(i == 0 ? "" : last ? " and " : ", ").append(named.get(i));
      }
      if (count > named.size()) {
        text.append(" and ").append(count - named.size()).append(" more");
      }
      return text.append(' ').append(news.what()).toString();
    }
  }
}
