package io.everpool.benchmarks.contenders;

import io.everpool.benchmarks.stub.StubConnection;
import java.sql.Connection;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What no pool can do without: a compare-and-set to take a connection and an ordered store to give
 * it back. There is no waiting, no face of its own and no state, and a second close does harm.
 */
final class Floor extends PlainSource {

  private static final int SPREAD = 0x9E3779B9;

  private final Place[] places;

  private Floor(int size) {
    places = new Place[size];
    for (int i = 0; i < size; i++) {
      places[i] = new Place();
    }
  }

  static Contender.Open open(Settings settings) {
    return new Contender.Open(new Floor(settings.maxSize()), () -> {});
  }

  @Override
  public Connection getConnection() {
    int size = places.length;
    int at = (((int) threadId() * SPREAD) >>> 16) % size;
    while (true) {
      Place place = places[at];
      Lent lent = place.getPlain();
      if (lent != null && place.compareAndSet(lent, null)) {
        return lent;
      }
      at = at + 1 == size ? 0 : at + 1;
    }
  }

  @SuppressWarnings("deprecation") // threadId() came with Java 19
  private static long threadId() {
    return Thread.currentThread().getId();
  }

  /** A slot; it is padded so that neighbours don't share a cache line. */
  @SuppressWarnings("unused")
  private static final class Place extends AtomicReference<@Nullable Lent> {
    private static final long serialVersionUID = 1;
    private long p0;
    private long p1;
    private long p2;
    private long p3;
    private long p4;
    private long p5;
    private long p6;

    Place() {
      set(new Lent(this));
    }
  }

  private static final class Lent extends StubConnection {
    private final Place place;

    Lent(Place place) {
      this.place = place;
    }

    @Override
    public void close() {
      place.setRelease(this);
    }
  }
}
