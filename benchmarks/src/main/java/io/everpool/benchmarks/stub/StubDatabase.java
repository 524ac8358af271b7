package io.everpool.benchmarks.stub;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A database that answers at once and counts its connections. Each pool under test has one of its
 * own, to which {@link #url()} leads {@link StubDriver}. Thread-safe.
 */
public final class StubDatabase {

  static final String PREFIX = "jdbc:stub:";

  private static final Map<String, StubDatabase> BY_URL = new ConcurrentHashMap<>();
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final String url = PREFIX + NUMBER.incrementAndGet();
  private final List<StubConnection> opened = new CopyOnWriteArrayList<>();
  private volatile Duration connectDelay = Duration.ZERO;

  public StubDatabase() {
    BY_URL.put(url, this);
  }

  static StubDatabase at(String url) throws SQLException {
    StubDatabase found = BY_URL.get(url);
    if (found == null) {
      throw new SQLException("no stub database at " + url, "08001");
    }
    return found;
  }

  public String url() {
    return url;
  }

  /** Makes each connect take this long from now on. */
  public void connectDelay(Duration value) {
    connectDelay = value;
  }

  /** Connections opened so far, those that were closed again included. */
  public int opened() {
    return opened.size();
  }

  /**
   * On how many of the connections opened after the first {@code first} nobody has prepared a
   * statement.
   */
  public long unusedAfter(int first) {
    return opened.stream().skip(first).filter(connection -> !connection.touched()).count();
  }

  /** Opens a connection, after the delay. */
  public StubConnection connect() throws SQLException {
    Duration delay = connectDelay;
    if (!delay.isZero()) {
      try {
        Thread.sleep(delay.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new SQLException("interrupted while connecting", "08001", e);
      }
    }
    StubConnection connection = new StubConnection();
    opened.add(connection);
    return connection;
  }
}
