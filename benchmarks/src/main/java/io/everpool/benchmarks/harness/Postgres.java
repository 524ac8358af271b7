package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.contenders.Settings;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Threads that take a connection for one {@code SELECT 1} on PostgreSQL. */
final class Postgres extends Regime {

  private static final Hold SELECT =
      connection -> {
        try (PreparedStatement statement = connection.prepareStatement("SELECT 1");
            ResultSet rows = statement.executeQuery()) {
          if (!rows.next() || rows.getInt(1) != 1) {
            throw new IllegalStateException("not 1");
          }
        }
      };

  private final int threads;
  private final int size;

  Postgres(int threads, int size) {
    super(
        "pg-" + threads,
        "PostgreSQL, SELECT 1, "
            + threads
            + (threads == 1 ? " thread" : " threads")
            + " on "
            + size
            + " connections");
    this.threads = threads;
    this.size = size;
  }

  @Override
  public List<Contender> contenders() {
    List<Contender> all = new ArrayList<>(Contender.pools());
    if (threads <= size) {
      all.add(Contender.BARE);
    }
    return all;
  }

  @Override
  public boolean needsServer() {
    return true;
  }

  @Override
  public Figures measure(Contender contender, Surroundings surroundings) throws Exception {
    Surroundings.Server server = Objects.requireNonNull(surroundings.server(), "no server");
    Settings settings = Settings.postgres(server.url(), server.user(), server.password(), size);
    try (Contender.Open pool = contender.open(settings)) {
      Crowd.Lender lender = contender.pool() ? Lenders.of(pool) : Lenders.keeping(pool);
      return Crowd.measure(
          threads, size, lender, Crowd.Arrivals.CLOSED_LOOP, SELECT, surroundings.pace().span(2));
    }
  }
}
