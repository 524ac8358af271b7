package io.everpool.console;

import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells the open pages what is new. One thread does so for all of them, and it exists only while
 * there are pages. Thread-safe.
 */
final class Streams {

  /** How many pages can be open at once; if one more comes, the oldest is ended. */
  static final int MOST = 16;

  /** What a page is told that is ended for another; it then doesn't come back by itself. */
  private static final byte[] FAREWELL =
      "data: {\"full\":true}\n\n".getBytes(StandardCharsets.UTF_8);

  /** How many seconds that page has to read this. */
  private static final long SECONDS_TO_GO = 10;

  private static final System.Logger log = System.getLogger("io.everpool.Console");

  private final Watched watched;
  private final boolean readOnly;
  private final LongSupplier millis;
  private final Duration period;

  private final ReentrantLock lock = new ReentrantLock();

  /** The open pages, the oldest first; changed only under the lock. */
  private final List<Viewer> viewers = new CopyOnWriteArrayList<>();

  /**
   * The pages that were ended for others and may still be writing their last news, the oldest
   * first; guarded by the lock.
   */
  private final Set<Viewer> going = new LinkedHashSet<>();

  /** Tells the pages; it exists while there are pages. Guarded by the lock. */
  private @Nullable ScheduledThreadPoolExecutor ticker;

  Streams(Watched watched, boolean readOnly, LongSupplier millis, Duration period) {
    this.watched = watched;
    this.readOnly = readOnly;
    this.millis = millis;
    this.period = period;
  }

  /** Adds a page, and has it told soon all there is to know. */
  void enter(Viewer viewer) {
    lock.lock();
    try {
      viewers.add(viewer);
      tell();
      if (viewers.size() > MOST) {
        letGo(viewers.get(0));
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Ends a page for another. The page may be one that reads nothing, and so can't be told; then it
   * is cut.
   */
  @SuppressWarnings("FutureReturnValueIgnored") // a cut throws nothing
  private void letGo(Viewer viewer) {
    viewers.remove(viewer);
    going.add(viewer);
    viewer.send(FAREWELL);
    viewer.end();
    Objects.requireNonNull(ticker).schedule(viewer::cut, SECONDS_TO_GO, TimeUnit.SECONDS);
    if (going.size() > MOST) {
      going.iterator().next().cut();
    }
  }

  void leave(Viewer viewer) {
    lock.lock();
    try {
      viewers.remove(viewer);
      going.remove(viewer);
      if (viewers.isEmpty() && going.isEmpty() && ticker != null) {
        ticker.shutdownNow();
        ticker = null;
      }
    } finally {
      lock.unlock();
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // a tick throws nothing
  private void tell() {
    if (ticker == null) {
      ticker =
          new ScheduledThreadPoolExecutor(
              1,
              task -> {
                Thread thread = new Thread(task, "everpool-console-ticker");
                thread.setDaemon(true);
                return thread;
              });
      ticker.scheduleWithFixedDelay(this::tick, 0, period.toNanos(), TimeUnit.NANOSECONDS);
    } else {
      ticker.execute(this::tick);
    }
  }

  /** Ends all open pages; each of them leaves when what it was sent is written. */
  void end() {
    viewers.forEach(Viewer::end);
    lock.lock();
    try {
      going.forEach(Viewer::cut);
    } finally {
      lock.unlock();
    }
  }

  /** Whether anybody looks. */
  boolean isWatched() {
    return !viewers.isEmpty();
  }

  private void tick() {
    Map<@Nullable WatchedPool, String> states = new HashMap<>();
    for (Viewer viewer : viewers) {
      try {
        WatchedPool pool = shownTo(viewer);
        String state = states.computeIfAbsent(pool, this::state);
        viewer.send(
            ("data: {" + state + news(viewer, pool) + "}\n\n").getBytes(StandardCharsets.UTF_8));
      } catch (Throwable e) {
        // The pages that show other pools have to be told all the same. And nothing may be thrown:
        // the executor would run no further tick.
        log.log(Level.WARNING, "The console could not tell what is new", e);
      }
    }
  }

  /**
   * The pool that a page shows. It is null if the page has chosen a pool that is gone: the page
   * doesn't get another pool instead, because an order that is meant for the gone pool might be on
   * its way.
   */
  private @Nullable WatchedPool shownTo(Viewer viewer) {
    if (viewer.pool() != null) {
      return watched.find(viewer.pool());
    }
    List<WatchedPool> pools = List.copyOf(watched.pools());
    return pools.isEmpty() ? null : pools.get(0);
  }

  /** What all pages are told that show this pool. */
  private String state(@Nullable WatchedPool pool) {
    Json json = new Json().object();
    json.name("now").value(millis.getAsLong());
    json.name("readOnly").value(readOnly);
    json.name("pools").array();
    watched.pools().forEach(each -> json.value(each.id()));
    json.endArray();
    if (pool != null) {
      json.name("pool");
      PoolJson.state(json, pool);
    }
    String members = json.endObject().toString();
    return members.substring(1, members.length() - 1);
  }

  /** What this page doesn't know yet. */
  private String news(Viewer viewer, @Nullable WatchedPool pool) {
    boolean all = !Objects.equals(viewer.known, pool);
    if (all) {
      viewer.known = pool;
      viewer.change = 0;
      viewer.second = 0;
      viewer.advised = 0;
    }
    if (pool == null) {
      return "";
    }
    Json json = new Json().object();
    json.name("all").value(all);
    if (all) {
      json.name("settings");
      PoolJson.settings(json, pool.pool().config());
    }
    List<Timeline.Entry> news = pool.history().timeline().after(viewer.change);
    for (Timeline.Entry entry : news) {
      viewer.change = Math.max(viewer.change, entry.changed());
    }
    json.name("news");
    PoolJson.news(json, news);
    List<Waits.Point> waits = pool.history().waits().since(viewer.second);
    if (!waits.isEmpty()) {
      viewer.second = waits.get(waits.size() - 1).second() + 1;
    }
    json.name("waits");
    PoolJson.waits(json, waits);
    Advice.Said advice = pool.advice().at(millis.getAsLong());
    if (advice.at() != viewer.advised) {
      viewer.advised = advice.at();
      json.name("advice");
      PoolJson.advice(json, advice);
    }
    String members = json.endObject().toString();
    return "," + members.substring(1, members.length() - 1);
  }
}
