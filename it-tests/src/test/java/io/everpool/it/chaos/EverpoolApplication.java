package io.everpool.it.chaos;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jdbi.v3.core.HandleConsumer;
import org.jdbi.v3.core.Jdbi;

/** An application on Everpool: units of work, with the default retries. */
final class EverpoolApplication implements Application {
  private final Queue<PoolEvent.CommitResolved> resolved = new ConcurrentLinkedQueue<>();
  private final Pool pool;
  private final Jdbi jdbi;

  EverpoolApplication(Door door) throws SQLException {
    PoolConfig config =
        PoolConfig.builder(door.jdbcUrl())
            .name(schema())
            .user(door.user())
            .password(door.password())
            .properties(
                Map.of(
                    "ApplicationName", schema(), "socketTimeout", "" + Limits.SILENCE.toSeconds()))
            .minSize(Limits.MIN_SIZE)
            .maxSize(Limits.MAX_SIZE)
            .acquireTimeout(Limits.ACQUIRE)
            .connectTimeout(Limits.CONNECT)
            .commandTimeout(Limits.STATEMENT)
            .validationTimeout(Limits.VALIDATION)
            .resetTimeout(Limits.VALIDATION)
            .closeTimeout(Limits.VALIDATION)
            .build();
    pool = Everpool.builder(config).listener(this::heard).open();
    jdbi = EverpoolJdbi.create(pool);
  }

  private void heard(PoolEvent event) {
    if (event instanceof PoolEvent.CommitResolved lookedUp) {
      resolved.add(lookedUp);
    }
  }

  @Override
  public String name() {
    return "Everpool";
  }

  @Override
  public String schema() {
    return "everpool";
  }

  @Override
  public <T> T inTransaction(Work<T, SQLException> work) throws SQLException {
    return pool.inTransaction(work);
  }

  @Override
  public void inJdbiTransaction(HandleConsumer<RuntimeException> work) {
    jdbi.useTransaction(work);
  }

  @Override
  public <T> T reading(Work<T, SQLException> work) throws SQLException {
    return pool.run(WorkOptions.READ_ONLY, work);
  }

  @Override
  public <T> T idempotent(Work<T, SQLException> work) throws SQLException {
    return pool.run(WorkOptions.IDEMPOTENT, work);
  }

  @Override
  public Connection connection() throws SQLException {
    return pool.getConnection();
  }

  @Override
  public List<PoolEvent.CommitResolved> takeLookedUp() {
    List<PoolEvent.CommitResolved> taken = new ArrayList<>();
    for (PoolEvent.CommitResolved next; (next = resolved.poll()) != null; ) {
      taken.add(next);
    }
    return taken;
  }

  @Override
  public String remarks() {
    return pool.snapshot().toString();
  }

  @Override
  public void close() {
    pool.close();
  }
}
