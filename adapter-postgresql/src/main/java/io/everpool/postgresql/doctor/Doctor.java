package io.everpool.postgresql.doctor;

import io.everpool.api.Contradiction;
import io.everpool.api.Contradictions;
import io.everpool.api.Credentials;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.ReaderFallback;
import io.everpool.api.SizeAdvice;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.PostgresAdapter;
import io.everpool.postgresql.doctor.Finding.Subject;
import io.everpool.postgresql.url.Destination;
import io.everpool.postgresql.url.Destinations;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Examines a configuration and the database that it names: the way to the server, the login,
 * poolers in between, limits of time against each other, and settings that contradict each other.
 * It opens one connection, and one to each reader, and closes them; it changes nothing.
 *
 * <pre>{@code
 * System.out.println(Doctor.examine(PoolConfig.builder(url).build()));
 * }</pre>
 *
 * <p>How large a pool should be is known only by a pool that has been at work. To learn it, examine
 * an open pool: {@link #examine(Pool)}.
 *
 * <p>An examination takes as long as the network does: the time that a name service takes to
 * answer, and the {@code connect-timeout} for each address that is silent. Stateless and
 * thread-safe.
 */
public final class Doctor {
  private final PoolConfig config;
  private final @Nullable Pool pool;
  private final Findings findings = new Findings();

  private Doctor(PoolConfig config, @Nullable Pool pool) {
    this.config = config;
    this.pool = pool;
  }

  /**
   * Says what works, what doesn't and what to do.
   *
   * @param config a configuration for PostgreSQL
   * @return what was found; a failure of whatever kind is a finding, and never thrown
   */
  public static Report examine(PoolConfig config) {
    return new Doctor(config, null).report();
  }

  /**
   * Says the same of an open pool, by its configuration, and also how large it should be. The pool
   * lends nothing for this: the doctor opens a connection beside the pool's own.
   *
   * @param pool a pool of PostgreSQL. If it was given a provider of credentials, that isn't part of
   *     its configuration: if the configuration has no password, the login is found not to work
   * @return what was found; a failure of whatever kind is a finding, and never thrown
   */
  public static Report examine(Pool pool) {
    return new Doctor(pool.config(), pool).report();
  }

  private Report report() {
    examine();
    readers();
    size();
    return findings.report();
  }

  private void examine() {
    if (!Destinations.accepts(config.url())) {
      findings.problem(Subject.SETTINGS, "url is none of PostgreSQL's");
      findings.skipAfter(Subject.SETTINGS);
      return;
    }
    try {
      Destination destination = new Destinations(System::getenv).of(config, config.pooler());
      try (Connector connector = new PostgresAdapter().connector(config)) {
        findings.ok(Subject.SETTINGS, "connections go to " + connector.target());
        List<String> told = examine(destination, connector);
        connector.notes().stream()
            .filter(note -> !told.contains(note))
            .forEach(note -> findings.advice(Subject.NOTES, note));
        contradictions(connector);
      }
    } catch (InvalidPoolConfigException e) {
      e.problems().forEach(problem -> findings.problem(Subject.SETTINGS, problem));
      findings.skipAfter(Subject.SETTINGS);
    }
  }

  /**
   * Examines each reader: its settings, without which no pool is opened, and a login. A pool passes
   * by a reader that can't be reached. So this is a problem only if no reader can be reached and
   * the writer is not to read, either.
   */
  private void readers() {
    List<String> away = new ArrayList<>();
    int number = 0;
    for (String url : config.readers()) {
      number++;
      String failure =
          reader("reader " + number, config.toBuilder().url(url).readers(List.of()).build());
      if (failure != null) {
        away.add(failure);
      }
    }
    boolean read =
        away.size() < config.readers().size() || config.readerFallback() == ReaderFallback.WRITER;
    for (String failure : away) {
      if (read) {
        findings.advice(Subject.LOGIN, "what it would read others read, for " + failure);
      } else {
        findings.problem(Subject.LOGIN, "nobody reads, for " + failure);
      }
    }
  }

  /**
   * Returns what keeps the reader away; null if nothing does, or if its settings can't even be
   * read.
   */
  private @Nullable String reader(String which, PoolConfig one) {
    if (!Destinations.accepts(one.url())) {
      findings.problem(Subject.SETTINGS, which + ": its url is none of PostgreSQL's");
      return null;
    }
    try (Connector connector = new PostgresAdapter().readerConnector(one)) {
      findings.ok(Subject.SETTINGS, which + ": connections go to " + connector.target());
      close(open(connector));
      findings.ok(Subject.LOGIN, which + ": a connection was opened");
    } catch (InvalidPoolConfigException e) {
      e.problems().forEach(problem -> findings.problem(Subject.SETTINGS, which + ": " + problem));
    } catch (SQLException e) {
      return which + " is away: " + e.getMessage();
    }
    return null;
  }

  /** Returns the connector's notes that needn't be said again. */
  private List<String> examine(Destination destination, Connector connector) {
    if (!new WayThere(destination, config.connectTimeout(), findings).examine()) {
      return List.of();
    }
    long begun = System.nanoTime();
    PhysicalConnection connection;
    try {
      connection = open(connector);
    } catch (SQLException e) {
      findings.problem(Subject.LOGIN, String.valueOf(e.getMessage()));
      findings.skipAfter(Subject.LOGIN);
      return List.of();
    }
    try {
      long took = System.nanoTime() - begun;
      findings.ok(Subject.LOGIN, "a connection was opened in " + Examination.millis(took) + " ms");
      return new Examination(config, own(), connection, findings).examine();
    } finally {
      close(connection);
    }
  }

  /** How many of the server's connections belong to the pool that is examined. */
  private int own() {
    return pool == null ? 0 : pool.snapshot().total();
  }

  private void size() {
    if (pool == null) {
      findings.skip(
          Subject.SIZE,
          "not looked at, for only a pool that has been at work knows: ask one that has size-advice ="
              + " true, by Doctor.examine(pool), pool.advise(), its MXBean or the console");
      return;
    }
    Optional<SizeAdvice> advice = pool.advise();
    if (advice.isEmpty()) {
      findings.skip(
          Subject.SIZE,
          config.sizeAdvice()
              ? "not told yet: there were too few leases"
              : "not told: the pool remembers no leases without size-advice = true");
    } else if (advice.get().size() > advice.get().maxSize()) {
      findings.advice(Subject.SIZE, advice.get().toString());
    } else {
      findings.ok(Subject.SIZE, advice.get().toString());
    }
  }

  private PhysicalConnection open(Connector connector) throws SQLException {
    long timeout = config.connectTimeout().toNanos();
    CredentialsProvider provider = provider();
    if (provider == null) {
      return connector.open(timeout);
    }
    Credentials credentials;
    try {
      credentials = provider.credentials();
    } catch (SQLException e) {
      throw e;
    } catch (Exception e) {
      throw new SQLException("The password can't be had: " + e.getMessage(), "28000", e);
    }
    return connector.open(
        credentials.user() == null && config.user() != null
            ? Credentials.of(config.user(), credentials.password())
            : credentials,
        timeout);
  }

  private @Nullable CredentialsProvider provider() {
    String file = config.passwordFile();
    String variable = config.passwordEnv();
    return file != null
        ? CredentialsProvider.file(Path.of(file))
        : variable != null ? CredentialsProvider.environment(variable) : null;
  }

  private static void close(PhysicalConnection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      connection.abort();
    }
  }

  private void contradictions(Connector connector) {
    List<Contradiction> own = Contradictions.of(config, connector.serverless());
    List<Contradiction> ofDriver = connector.contradictions();
    own.forEach(one -> findings.advice(Subject.CONTRADICTIONS, one.text()));
    ofDriver.forEach(one -> findings.advice(Subject.CONTRADICTIONS, one.text()));
    if (own.isEmpty() && ofDriver.isEmpty()) {
      findings.ok(Subject.CONTRADICTIONS, "no setting contradicts another");
    }
  }
}
