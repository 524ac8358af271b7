package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.contenders.Settings;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Many pools at once, on the same stub. */
final class Pools implements AutoCloseable {
  private final List<Contender.Open> pools = new ArrayList<>();

  private Pools() {}

  static Pools open(Contender contender, Settings settings, int count) throws Exception {
    Pools all = new Pools();
    boolean opened = false;
    try {
      for (int i = 0; i < count; i++) {
        all.pools.add(contender.open(settings));
      }
      opened = true;
      return all;
    } finally {
      if (!opened) {
        all.close();
      }
    }
  }

  @Override
  public void close() throws SQLException {
    for (Contender.Open pool : pools) {
      pool.close();
    }
  }
}
