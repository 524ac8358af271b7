package io.everpool.benchmarks.restarts;

import io.everpool.benchmarks.stub.PlainDriver;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * pgjdbc under other URLs, {@code jdbc:counting:postgresql:}. It counts how often it is asked to
 * connect, because not every pool says how often it tries in vain.
 */
public final class CountingDriver extends PlainDriver {
  private static final String PREFIX = "jdbc:counting:";
  private static final AtomicLong CONNECTS = new AtomicLong();

  static {
    register();
  }

  private static void register() {
    try {
      DriverManager.registerDriver(new CountingDriver());
    } catch (SQLException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** The URL by which this driver connects to the place that {@code url} names. */
  static String counting(String url) {
    return PREFIX + url.substring("jdbc:".length());
  }

  private static String behind(String url) {
    return "jdbc:" + url.substring(PREFIX.length());
  }

  /** How many connects were begun in this JVM. */
  static long connects() {
    return CONNECTS.get();
  }

  @Override
  public @Nullable Connection connect(String url, Properties info) throws SQLException {
    if (!acceptsURL(url)) {
      return null;
    }
    CONNECTS.incrementAndGet();
    return DriverManager.getConnection(behind(url), info);
  }

  @Override
  public boolean acceptsURL(String url) {
    return url.startsWith(PREFIX);
  }
}
