package io.everpool.benchmarks.contenders;

import io.everpool.benchmarks.stub.StubDatabase;
import io.everpool.benchmarks.stub.StubDriver;
import java.time.Duration;

/**
 * What every contender is opened with; docs/benchmarks.md has the table of how each pool is told.
 *
 * @param driver the driver's class name
 * @param url the JDBC URL
 * @param user the role, or the empty text
 * @param password the role's password, or the empty text
 * @param minSize how many connections are kept open, and are open from the start
 * @param maxSize how many connections may be open at most
 * @param acquireTimeout the longest wait for a connection, in whole seconds
 * @param sleeps whether the pool may close its connections when there is nothing to do
 */
public record Settings(
    String driver,
    String url,
    String user,
    String password,
    int minSize,
    int maxSize,
    Duration acquireTimeout,
    boolean sleeps) {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Settings of a pool of a fixed size on a stub. */
  public static Settings of(StubDatabase database, int size) {
    return of(database, size, size);
  }

  /** Settings of a pool that grows on a stub. */
  public static Settings of(StubDatabase database, int minSize, int maxSize) {
    return new Settings(
        StubDriver.class.getName(), database.url(), "", "", minSize, maxSize, PATIENCE, false);
  }

  /** Settings of a pool of a fixed size on PostgreSQL. */
  public static Settings postgres(String url, String user, String password, int size) {
    return new Settings("org.postgresql.Driver", url, user, password, size, size, PATIENCE, false);
  }

  /** The same settings with another driver, and with the URL by which that driver connects. */
  public Settings withDriver(String otherDriver, String itsUrl) {
    return new Settings(
        otherDriver, itsUrl, user, password, minSize, maxSize, acquireTimeout, sleeps);
  }

  public Settings withAcquireTimeout(Duration value) {
    return new Settings(driver, url, user, password, minSize, maxSize, value, sleeps);
  }

  /** The same settings for a pool that may sleep, if it can. */
  public Settings sleeping() {
    return new Settings(driver, url, user, password, minSize, maxSize, acquireTimeout, true);
  }

  /** Whether the database is a stub. */
  boolean stub() {
    return driver.equals(StubDriver.class.getName());
  }

  int acquireMillis() {
    return Math.toIntExact(acquireTimeout.toMillis());
  }

  @Override
  public String toString() {
    return "Settings[url=" + url + ", minSize=" + minSize + ", maxSize=" + maxSize + "]";
  }
}
