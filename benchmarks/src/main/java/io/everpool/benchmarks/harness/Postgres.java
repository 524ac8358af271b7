package io.everpool.benchmarks.harness;

import io.everpool.api.PoolConfig;
import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.contenders.Settings;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Threads that take a connection for one {@code SELECT 1} on PostgreSQL. Either all pools limit a
 * statement as Everpool does by default, or each pool has its own defaults, which limit nothing. A
 * limit costs something at each statement: {@code statement_timeout} the server, {@code
 * socketTimeout} the client, whose JDK then asks whether there is an answer, waits, and asks again.
 */
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

  /** By how much Everpool's {@code socketTimeout} is longer than a statement may run. */
  private static final Duration GRACE = Duration.ofSeconds(10);

  private final int threads;
  private final int size;
  private final boolean alike;

  private Postgres(int threads, int size, boolean alike) {
    super(
        (alike ? "pg-" : "pg-as-it-comes-") + threads,
        "PostgreSQL, SELECT 1, "
            + threads
            + (threads == 1 ? " thread" : " threads")
            + " on "
            + size
            + " connections, "
            + (alike ? "the same limits on a statement for all" : "each as it comes"));
    this.threads = threads;
    this.size = size;
    this.alike = alike;
  }

  /** Gives all pools a {@code statement_timeout} and a {@code socketTimeout}. */
  static Postgres alike(int threads, int size) {
    return new Postgres(threads, size, true);
  }

  static Postgres asItComes(int threads, int size) {
    return new Postgres(threads, size, false);
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
    String url = server.url();
    if (alike && contender != Contender.EVERPOOL) { // Everpool sets both by itself
      Duration limit = PoolConfig.builder(url).build().commandTimeout();
      url +=
          "?options=-c%20statement_timeout="
              + limit.toMillis()
              + "&socketTimeout="
              + limit.plus(GRACE).toSeconds();
    }
    Settings settings = Settings.postgres(url, server.user(), server.password(), size);
    Pace pace = surroundings.pace();
    WarmUp.ofThisJvm().run(pace.slices(), () -> select(contender, settings, pace.slice()));
    return select(contender, settings, pace.span(1));
  }

  /** Measures on connections of its own. */
  private Figures select(Contender contender, Settings settings, Crowd.Span span) throws Exception {
    try (Contender.Open pool = contender.open(settings)) {
      Crowd.Lender lender = contender.pool() ? Lenders.of(pool) : Lenders.keeping(pool);
      return Crowd.measure(threads, size, lender, Crowd.Arrivals.CLOSED_LOOP, SELECT, span);
    }
  }
}
