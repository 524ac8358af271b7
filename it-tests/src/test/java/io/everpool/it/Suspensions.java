package io.everpool.it;

import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Direction;
import io.everpool.servers.NeonStandIn;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;

/**
 * An application that works in bursts before a serverless database, which is suspended between
 * them; the application itself forgives nothing and tries nothing twice.
 */
final class Suspensions implements AutoCloseable {
  static final int BURST = 20;

  /** A server that is woken takes some hundred milliseconds. */
  private static final Duration COLD_START = Duration.ofMillis(300);

  private static final String TABLE = "create table work (id int, burst int)";
  private static final String INSERT = "insert into work values (?, ?)";

  private final NeonStandIn neon = NeonStandIn.start();
  private final FaultProxy wire = FaultProxy.before(neon.host(), neon.port());
  private final List<Throwable> errors = new ArrayList<>();
  private int bursts;
  private long sentAsleep;

  Suspensions() {
    neon.compute().execute(TABLE + "; grant all on work to public");
    neon.coldStart(COLD_START);
  }

  NeonStandIn neon() {
    return neon;
  }

  FaultProxy wire() {
    return wire;
  }

  /** The URL by way of the {@link #wire}. */
  String url() {
    return neon.libpqUrl(wire.host(), wire.port());
  }

  /** Each of twenty threads writes a row, at the same time. */
  void burst(DataSource pool) {
    int burst = ++bursts;
    AtomicInteger ids = new AtomicInteger();
    Crew crew =
        Crew.of(
            BURST,
            () -> {
              try (Connection connection = pool.getConnection();
                  PreparedStatement insert = connection.prepareStatement(INSERT)) {
                insert.setInt(1, ids.incrementAndGet());
                insert.setInt(2, burst);
                insert.executeUpdate();
              }
            });
    crew.close();
    errors.addAll(crew.errors());
  }

  /**
   * Five minutes pass, as soon as the pool is at rest; by what the server counts as activity it is
   * suspended then.
   */
  void fiveMinutesPass(BooleanSupplier atRest) {
    Await.until(Db.LIMIT, atRest, "the pool to be at rest");
    long before = wire.bytes(Direction.TO_SERVER);
    neon.letPass(NeonStandIn.SUSPEND_AFTER);
    Await.until(Db.LIMIT, () -> !neon.suspended() || wire.open() == 0, "the connections to end");
    sentAsleep += wire.bytes(Direction.TO_SERVER) - before;
  }

  List<Throwable> errors() {
    return errors;
  }

  /** Bytes that pools have sent while five minutes passed. */
  long sentAsleep() {
    return sentAsleep;
  }

  /** Rows written, and how many of them were written twice. */
  String rows() {
    return neon.compute()
        .ask(
            "select count(*) || ' rows, ' || count(*) - count(distinct (id, burst)) || ' twice' from work");
  }

  @Override
  public void close() {
    wire.close();
    neon.close();
  }
}
