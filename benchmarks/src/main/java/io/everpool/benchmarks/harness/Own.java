package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.contenders.Settings;
import io.everpool.benchmarks.stub.StubDatabase;
import java.util.List;

/**
 * As many threads as connections: each could have its own connection, if the pool found it again.
 */
final class Own extends Regime {

  private final int size;

  Own(int size) {
    super("own-" + size, "acquire, release, " + size + " threads on " + size + " connections");
    this.size = size;
  }

  @Override
  public List<Contender> contenders() {
    return List.of(Contender.EVERPOOL, Contender.HIKARI);
  }

  @Override
  public Figures measure(Contender contender, Surroundings surroundings) throws Exception {
    Crowd.Span span = surroundings.pace().span(1);
    int processors = Runtime.getRuntime().availableProcessors();
    try (Contender.Open pool = contender.open(Settings.of(new StubDatabase(), size))) {
      run(Math.min(processors, size), pool, span);
      return run(size, pool, span);
    }
  }

  /**
   * Runs the regime. A few threads run first, as a warm-up: beside a thousand threads that never
   * rest the compiler has one of a thousand and one shares, and then it would be measured how far
   * the compiler has come.
   */
  private Figures run(int threads, Contender.Open pool, Crowd.Span span) throws Exception {
    return Crowd.measure(
        threads, size, Lenders.of(pool), Crowd.Arrivals.CLOSED_LOOP, connection -> {}, span);
  }
}
