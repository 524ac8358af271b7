package io.everpool.benchmarks.contenders;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import javax.sql.DataSource;

/** A way to get a connection. */
public enum Contender {
  EVERPOOL("Everpool", EverpoolContender::open),
  HIKARI("HikariCP", HikariContender::open),
  AGROAL("Agroal", AgroalContender::open),
  BEECP("BeeCP", BeecpContender::open),
  DBCP2("Commons DBCP", Dbcp2Contender::open),
  TOMCAT("Tomcat JDBC", TomcatContender::open),
  C3P0("c3p0", C3p0Contender::open),
  VIBUR("Vibur", ViburContender::open),
  DRUID("Druid", DruidContender::open),
  /**
   * No pool: an array of slots that never waits, so that it works only for as many threads as there
   * are connections.
   */
  FLOOR("floor", Floor::open),
  /**
   * Hardly a pool: it adds to the floor only what is needed so that no waiter is forgotten and
   * nothing is given back twice.
   */
  LEAST("least pool", Least::open),
  /** No pool: each thread has a connection that stays open. */
  BARE("bare", Bare::open);

  /** Opens a pool, and returns once the pool is opening its minimum. */
  @FunctionalInterface
  interface Opening {
    Open open(Settings settings) throws Exception;
  }

  /** Closes a pool. */
  @FunctionalInterface
  interface Closing {
    void close() throws SQLException;
  }

  /**
   * A pool at work.
   *
   * @param source the data source from which the connections come
   * @param closing closes the pool and its connections
   */
  public record Open(DataSource source, Closing closing) implements AutoCloseable {

    /** Takes a connection; its {@code close()} gives it back. */
    public Connection take() throws SQLException {
      return source.getConnection();
    }

    @Override
    public void close() throws SQLException {
      closing.close();
    }
  }

  private final String label;

  @SuppressWarnings("ImmutableEnumChecker") // only method references are given here
  private final Opening opening;

  Contender(String label, Opening opening) {
    this.label = label;
    this.opening = opening;
  }

  /** The pools: everything but {@link #FLOOR}, {@link #LEAST} and {@link #BARE}. */
  public static List<Contender> pools() {
    return Arrays.stream(values()).filter(Contender::pool).toList();
  }

  /** The contender that a flag names, in letters of any case. */
  public static Contender named(String key) {
    return Arrays.stream(values())
        .filter(contender -> contender.key().equalsIgnoreCase(key))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no pool \"" + key + "\"; there are " + Arrays.toString(values())));
  }

  public boolean pool() {
    return this != FLOOR && this != LEAST && this != BARE;
  }

  /** The contender's name in flags and files. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The contender's name in tables. */
  public String label() {
    return label;
  }

  /**
   * What the contender is, in a line: a pool and its version, or what there is instead of a pool.
   */
  public String title() {
    return switch (this) {
      case FLOOR -> "no pool: an array of slots that never waits";
      case LEAST ->
          "hardly a pool: the floor, but nobody is forgotten and nothing given back twice";
      case BARE -> "no pool: a connection per thread, kept open, or none at all";
      default -> label + " " + version();
    };
  }

  /** The pool's version; empty if there is none. */
  public String version() {
    return Versions.of(key());
  }

  /**
   * Opens the pool.
   *
   * @throws Exception whatever the pool throws
   */
  public Open open(Settings settings) throws Exception {
    return opening.open(settings);
  }

  @Override
  public String toString() {
    return key();
  }
}
