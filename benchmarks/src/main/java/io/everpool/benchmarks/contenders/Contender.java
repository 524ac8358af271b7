package io.everpool.benchmarks.contenders;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import javax.sql.DataSource;

/** One way to get a connection. */
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
  /** No pool: an array of slots that never waits, so for as many threads as connections only. */
  FLOOR("floor", Floor::open),
  /**
   * Hardly a pool: what the floor lacks so that nobody is forgotten and nothing given back twice.
   */
  LEAST("least pool", Least::open),
  /** No pool: a connection per thread, kept open. */
  BARE("bare", Bare::open);

  /** Opens a pool, and returns once its minimum is on the way. */
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
   * @param source where its connections come from
   * @param closing closes it and its connections
   */
  public record Open(DataSource source, Closing closing) implements AutoCloseable {

    /** Takes a connection, which goes back by its {@code close()}. */
    public Connection take() throws SQLException {
      return source.getConnection();
    }

    @Override
    public void close() throws SQLException {
      closing.close();
    }
  }

  private final String label;

  @SuppressWarnings("ImmutableEnumChecker") // only method references come here
  private final Opening opening;

  Contender(String label, Opening opening) {
    this.label = label;
    this.opening = opening;
  }

  /** The pools: everything but {@link #FLOOR}, {@link #LEAST} and {@link #BARE}. */
  public static List<Contender> pools() {
    return Arrays.stream(values()).filter(Contender::pool).toList();
  }

  /** The one that a flag names, in any case. */
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

  /** Its name in flags and files. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Its name in tables. */
  public String label() {
    return label;
  }

  /** What it is, in a line: a pool and its version, or what there is instead of one. */
  public String title() {
    return switch (this) {
      case FLOOR -> "no pool: an array of slots that never waits";
      case LEAST ->
          "hardly a pool: the floor, but nobody is forgotten and nothing given back twice";
      case BARE -> "no pool: a connection per thread, kept open, or none at all";
      default -> label + " " + version();
    };
  }

  /** Its version; empty where there is none. */
  public String version() {
    return Versions.of(key());
  }

  /**
   * Opens it.
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
