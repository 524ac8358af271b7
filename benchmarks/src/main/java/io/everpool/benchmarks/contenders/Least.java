package io.everpool.benchmarks.contenders;

import io.everpool.benchmarks.stub.StubConnection;
import io.everpool.benchmarks.stub.StubFace;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The least that is a pool: no waiter is forgotten, and a second close does no harm. So here a
 * compare-and-set gives a connection back, too, with the number of its lease. After it, behind a
 * full fence, the waiters are counted. And each lease has a face of its own that knows the number.
 * Nobody ever waits here, so a thread that finds waiters fails. There is no state, there are no
 * statements, no age and no health.
 */
final class Least extends PlainSource {
  private static final int SPREAD = 0x9E3779B9;

  private final Place[] places;
  private final AtomicInteger waiters = new AtomicInteger();

  private Least(int size) {
    places = new Place[size];
    for (int i = 0; i < size; i++) {
      places[i] = new Place();
    }
  }

  static Contender.Open open(Settings settings) {
    return new Contender.Open(new Least(settings.maxSize()), () -> {});
  }

  @Override
  public Connection getConnection() {
    int size = places.length;
    int at = (((int) threadId() * SPREAD) >>> 16) % size;
    while (true) {
      Place place = places[at];
      long idle = place.getPlain();
      if ((idle & 1) == 0 && place.compareAndSet(idle, idle + 1)) {
        return new Lent(this, place, idle + 1);
      }
      at = at + 1 == size ? 0 : at + 1;
    }
  }

  private void release(Place place, long lease) {
    if (place.compareAndSet(lease, lease + 1) && waiters.get() > 0) {
      throw new IllegalStateException("nobody waits here");
    }
  }

  @SuppressWarnings("deprecation") // threadId() came with Java 19
  private static long threadId() {
    return Thread.currentThread().getId();
  }

  /** A slot; the number of its lease is odd while it is lent. It is padded like the floor's. */
  @SuppressWarnings("unused")
  private static final class Place extends AtomicLong {
    private static final long serialVersionUID = 1;
    private final transient StubConnection physical = new StubConnection();
    private long p0;
    private long p1;
    private long p2;
    private long p3;
    private long p4;
    private long p5;
    private long p6;
  }

  private static final class Lent extends StubFace {
    private final Least pool;
    private final Place place;
    private final long lease;

    Lent(Least pool, Place place, long lease) {
      this.pool = pool;
      this.place = place;
      this.lease = lease;
    }

    @Override
    public PreparedStatement prepareStatement(String sql) {
      return place.physical.prepareStatement(sql);
    }

    @Override
    public void close() {
      pool.release(place, lease);
    }
  }
}
