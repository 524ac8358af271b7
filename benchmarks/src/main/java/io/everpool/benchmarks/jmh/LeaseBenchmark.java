package io.everpool.benchmarks.jmh;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.contenders.Settings;
import io.everpool.benchmarks.stub.StubDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.Blackhole;

/** A lease alone, and a lease with a statement in it, on stub connections. */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // JMH calls open() first
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LeaseBenchmark {

  /** The contender's key. */
  @Param("everpool")
  public String pool = "";

  /** How many connections the pool has. */
  @Param("10")
  public int size;

  /** How many of the connections somebody holds all the time. */
  @Param("0")
  public int held;

  private Contender.Open open;
  private DataSource source;
  private final List<Connection> others = new ArrayList<>();

  /**
   * Opens the pool and collects. What a pool keeps becomes old objects with time, in which a
   * collector's barriers cost more.
   */
  @Setup
  public void open() throws Exception {
    open = Contender.named(pool).open(Settings.of(new StubDatabase(), size));
    source = open.source();
    for (int i = 0; i < held; i++) {
      others.add(source.getConnection());
    }
    System.gc();
  }

  @TearDown
  public void close() throws Exception {
    for (Connection other : others) {
      other.close();
    }
    open.close();
  }

  /** Acquires and releases. */
  @Benchmark
  public void cycle(Blackhole seen) throws SQLException {
    try (Connection connection = source.getConnection()) {
      seen.consume(connection);
    }
  }

  /**
   * Acquires, prepares, executes, closes the statement and releases. The objects are given to the
   * black hole; otherwise the compiler could find that nobody sees them, and make none. A driver's
   * objects are seen.
   */
  @Benchmark
  public void statement(Blackhole seen) throws SQLException {
    try (Connection connection = source.getConnection();
        PreparedStatement statement = connection.prepareStatement("select 1")) {
      seen.consume(connection);
      seen.consume(statement);
      seen.consume(statement.execute());
    }
  }
}
