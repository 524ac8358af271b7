package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.contenders.Settings;
import io.everpool.benchmarks.stub.StubDatabase;
import java.sql.Connection;

/** Many threads that use a connection for 2 us of processor time, so that waking up is dear. */
final class Spinning extends Regime {

  private static final int SIZE = 10;

  private final int threads;

  Spinning(int threads) {
    super(
        "cpu-" + threads, threads + " threads on 10 connections, held for 2 us of processor time");
    this.threads = threads;
  }

  @Override
  public Figures measure(Contender contender, Surroundings surroundings) throws Exception {
    Pace pace = surroundings.pace();
    Hold hold = Hold.spinning(surroundings.spinTokens());
    Connection nobodys = new StubDatabase().connect();
    double before = Crowd.limit(nobodys, hold, pace);
    Figures figures;
    try (Contender.Open pool = contender.open(Settings.of(new StubDatabase(), SIZE))) {
      figures =
          Crowd.measure(
              threads, SIZE, Lenders.of(pool), Crowd.Arrivals.CLOSED_LOOP, hold, pace.span(1));
    }
    double limit = (before + Crowd.limit(nobodys, hold, pace)) / 2;
    return figures.with(Figures.OF_LIMIT, figures.get(Figures.PER_SECOND) / limit);
  }
}
