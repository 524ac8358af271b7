package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Under a load of writes, on a server that takes none any more: the pool goes where they are taken,
 * or where there is nothing else leaves the readers alone; in either case without a storm.
 */
@Timeout(600)
@Tag("one-jdk")
class StandbyIT {
  private static final int THREADS = 4;

  /** What a storm would be past in a moment, and what pauses that grow to 16 s stay below. */
  private static final int A_FEW = 50;

  private PostgresServer primary;
  private Replica replica;
  private FaultProxy way;
  private final List<PoolEvent> events = new CopyOnWriteArrayList<>();

  @BeforeEach
  void start() {
    primary = PostgresServer.startEmbedded(ServerSettings.defaults());
    primary.execute("create table moved (id bigint primary key)");
    primary.execute("grant all on moved to public");
    replica = Replica.of(primary);
    replica.awaitReplayOf(primary);
    way = FaultProxy.before(primary);
  }

  @AfterEach
  void stop() {
    way.close();
    replica.close();
    primary.close();
  }

  private PoolConfig.Builder config(String name, String hosts) {
    return PoolConfig.builder("jdbc:postgresql://" + hosts + "/" + primary.database())
        .name(name)
        .user(primary.user())
        .password(primary.password());
  }

  /** Where nobody comes back who could say what became of a COMMIT: it is asked for briefly. */
  private PoolConfig brief(String name, String hosts) {
    RetryConfig retry = RetryConfig.DEFAULT.withMaxDuration(Duration.ofSeconds(2));
    return config(name, hosts).retry(retry).build();
  }

  private String address() {
    return way.host() + ":" + way.port();
  }

  private static String port(Connection connection) throws SQLException {
    return Db.ask(connection, "select inet_server_port()");
  }

  private long fences() {
    return events.stream().filter(PoolEvent.Fenced.class::isInstance).count();
  }

  /** The address leads to the standby: connections are cut, and the pool has come back there. */
  private void failBack(Application app) {
    app.awaitWrites(20);
    way.target(replica.server());
    way.cut(Cut.RST);
    app.writers.awaitRounds(2); // by then nobody asks any more what became of a COMMIT
    app.awaitRefusals(20);
    app.readers.awaitRounds(20);
  }

  // ---- one host

  @Test
  void aSingleHostThatBecameAStandbyKeepsItsReadersAndRefusesItsWriters() throws Exception {
    try (Application app = new Application(brief("standby-single", address()))) {
      failBack(app);
      long accepted = way.accepted();
      long fences = fences();
      long closed = app.pool.snapshot().closedTotal();
      int alarms = app.log.alarms().size();

      app.awaitRefusals(300);
      app.readers.awaitRounds(150);

      assertThat(fences() - fences).as(app.log.text()).isZero();
      assertThat(app.pool.snapshot().closedTotal() - closed).as("connections closed").isZero();
      assertThat(way.accepted() - accepted).as("connects").isLessThan(A_FEW);
      assertThat(app.log.alarms().size() - alarms).as("lines").isLessThan(A_FEW);
      assertThat(app.log.alarms())
          .anyMatch(
              line ->
                  line.contains("PostgreSQL at " + address())
                      && line.contains("takes no writes any more (it is a standby"));
      assertThat(app.refusal())
          .hasMessageContaining("cannot execute INSERT in a read-only transaction")
          .hasMessageContaining("it has become a standby, or was told to write no more")
          .hasMessageContaining("promote one, or name the new primary's host in url");

      replica.promote();
      app.awaitWrites(20);
      app.finish();
    }
  }

  /** As DNS, or a balancer: what is open leads to the demoted server, what is opened doesn't. */
  @Test
  void whenTheAddressLeadsToAPrimaryAgainEverythingGoesThere() throws Exception {
    try (Application app = new Application(brief("standby-moved", address()))) {
      failBack(app);
      app.awaitRefusals(200);
      long fences = fences();

      way.target(primary);
      app.awaitWrites(20);
      app.finish();

      assertThat(fences() - fences).as(app.log.text()).isEqualTo(1);
      Await.until(
          Db.LIMIT,
          () -> replica.server().backendPids(app.pool.name()).isEmpty(),
          "no connection to lead to the standby");
    }
  }

  /** An operator's, or a cloud's with a full disk. */
  @Test
  void aServerThatWasToldToWriteNoMoreKeepsItsReaders() throws Exception {
    try (Application app = new Application(config("standby-told", address()).build())) {
      app.awaitWrites(20);
      primary.alter("default_transaction_read_only", "on");
      app.awaitRefusals(20);
      // Not by the sessions on the server: one of them may be the scout's that looks for a primary.
      long closed = app.pool.snapshot().closedTotal();

      app.awaitRefusals(200);
      app.readers.awaitRounds(100);

      assertThat(fences()).as(app.log.text()).isZero();
      assertThat(app.pool.snapshot().closedTotal() - closed).as("connections closed").isZero();

      primary.alterBack("default_transaction_read_only");
      app.awaitWrites(200);
      app.finish();
      assertThat(fences()).isLessThanOrEqualTo(1);
    }
  }

  // ---- several hosts, of which the URL wants none in particular

  /** The first of the URL: each new connection went there, and each write gave all of them up. */
  @Test
  void anOldPrimaryThatIsBackAsAStandbyIsLeftForTheNextHost() throws Exception {
    String second = replica.server().host() + ":" + replica.server().port();
    PoolConfig config = config("standby-first", address() + "," + second).build();
    try (Application app = new Application(config)) {
      app.awaitWrites(20);
      way.refuse();
      way.cut(Cut.RST);
      replica.promote();
      app.awaitWrites(20);
      int refused = app.refused.size(); // while both were standbys, or not there
      try (Replica back = Replica.of(replica.server())) {
        way.target(back.server());
        way.accept();
        long closed = app.pool.snapshot().closedTotal();
        app.pool.replaceAll();
        Await.until(
            Db.LIMIT,
            () -> app.pool.snapshot().closedTotal() > closed,
            "the connections to be replaced");
        long fences = fences();
        int alarms = app.log.alarms().size();

        app.awaitWrites(300);
        app.readers.awaitRounds(150);

        assertThat(fences() - fences).as(app.log.text()).isLessThanOrEqualTo(1);
        assertThat(app.log.alarms().size() - alarms).as(app.log.text()).isLessThan(10);
        assertThat(app.refused.subList(refused, app.refused.size()))
            .as("since the failover")
            .isEmpty();
        app.finish();
      }
    }
  }

  /** Nobody was a primary while the application started; it is found by the first write. */
  @Test
  void whereTheFirstHostIsAStandbyTheFirstWriteFindsTheOther() throws Exception {
    String first = replica.server().host() + ":" + replica.server().port();
    try (Application app =
        new Application(config("standby-start", first + "," + address()).build())) {
      app.awaitWrites(200);
      app.finish();
      assertThat(fences()).as(app.log.text()).isEqualTo(1);
      assertThat(app.refused).isEmpty();
    }
  }

  /** As with a single host, until one of them is promoted. */
  @Test
  void whereAllHostsAreStandbysReadersKeepTheirs() throws Exception {
    try (Replica other = Replica.of(primary)) {
      other.awaitReplayOf(primary);
      String second = other.server().host() + ":" + other.server().port();
      PoolConfig config = brief("standby-all", address() + "," + second);
      try (Application app = new Application(config)) {
        failBack(app);
        long fences = fences();
        long closed = app.pool.snapshot().closedTotal();

        app.awaitRefusals(300);
        app.readers.awaitRounds(150);

        assertThat(fences() - fences).as(app.log.text()).isZero();
        assertThat(app.pool.snapshot().closedTotal() - closed).as("connections closed").isZero();

        other.promote();
        app.awaitWrites(20);
        app.finish();
      }
    }
  }

  /** Threads that read, and threads that write and count what was refused. */
  private final class Application implements AutoCloseable {
    private final LogCapture log = LogCapture.open();
    private final AtomicLong numbers = new AtomicLong();
    private final Set<Long> acknowledged = new ConcurrentSkipListSet<>();
    private final List<SQLException> refused = new CopyOnWriteArrayList<>();
    private final Pool pool;
    private final Crew readers;
    private final Crew writers;

    Application(PoolConfig config) throws SQLException {
      pool = Everpool.builder(config).listener(events::add).open();
      readers = Crew.looping(THREADS, this::read);
      writers = Crew.looping(THREADS, this::write);
    }

    private void read() throws SQLException {
      pool.<String, SQLException>run(WorkOptions.READ_ONLY, StandbyIT::port);
    }

    private void write() throws SQLException {
      long id = numbers.incrementAndGet();
      try {
        pool.<SQLException>useTransaction(
            connection -> {
              try (Statement statement = connection.createStatement()) {
                statement.execute("insert into moved values (" + id + ")");
              }
            });
        acknowledged.add(id);
      } catch (SQLException e) {
        if (!"25006".equals(e.getSQLState())) {
          throw e;
        }
        refused.add(e);
      }
    }

    Throwable refusal() {
      return refused.get(refused.size() - 1);
    }

    void awaitRefusals(int more) {
      int goal = refused.size() + more;
      Await.until(Db.LIMIT, () -> refused.size() >= goal, more + " more refused writes");
    }

    void awaitWrites(int more) {
      int goal = acknowledged.size() + more;
      Await.until(Db.LIMIT, () -> acknowledged.size() >= goal, more + " more writes");
    }

    /** Nobody has seen anything else than refusals. */
    void finish() {
      readers.close();
      writers.close();
      assertThat(readers.errors()).as(readers.report() + log.text()).isEmpty();
      assertThat(writers.errors())
          .as(writers.report() + log.text())
          .allMatch(CommitOutcomeUnknownException.class::isInstance);
    }

    @Override
    public void close() {
      readers.close();
      writers.close();
      pool.close();
      log.close();
    }
  }
}
