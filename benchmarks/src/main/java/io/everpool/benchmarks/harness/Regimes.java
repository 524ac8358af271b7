package io.everpool.benchmarks.harness;

import java.util.ArrayList;
import java.util.List;

/** All regimes, in the order of the tables. */
public final class Regimes {

  private static final List<Regime> ALL = all();

  private Regimes() {}

  private static List<Regime> all() {
    List<Regime> all = new ArrayList<>();
    for (int threads : new int[] {1, 2, 8}) {
      all.add(new Lease("cycle", "acquire, release", threads));
    }
    for (int threads : new int[] {1, 2, 8}) {
      all.add(new Lease("statement", "acquire, prepare, execute, close both", threads));
    }
    for (int size : new int[] {10, 100, 1_000, 5_000}) {
      all.add(Lease.sparse(size));
    }
    for (int size : new int[] {10, 1_000}) {
      all.add(new Own(size));
    }
    for (int size : new int[] {10, 1_000}) {
      all.add(new Exhausted(size));
    }
    all.add(new Saturated());
    all.add(new Load());
    all.add(new Spinning(32));
    all.add(new Spinning(100));
    all.add(new VirtualThreads());
    all.add(new Spike());
    all.add(new Race());
    all.add(Idle.awake(100));
    all.add(Idle.asleep(100));
    all.add(new Opening(200));
    all.add(Postgres.alike(1, 10));
    all.add(Postgres.alike(8, 10));
    all.add(Postgres.alike(32, 8));
    all.add(Postgres.asItComes(1, 10));
    all.add(Postgres.asItComes(8, 10));
    all.add(Postgres.asItComes(32, 8));
    return List.copyOf(all);
  }

  public static List<Regime> list() {
    return ALL;
  }

  /**
   * The regimes that a flag names: one by its key, or all whose key begins with this text up to a
   * dash.
   */
  public static List<Regime> named(String name) {
    List<Regime> found =
        ALL.stream()
            .filter(regime -> regime.key().equals(name) || regime.key().startsWith(name + "-"))
            .toList();
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          "no regime \"" + name + "\"; there are " + ALL.stream().map(Regime::key).toList());
    }
    return found;
  }
}
