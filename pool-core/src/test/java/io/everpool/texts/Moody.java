package io.everpool.texts;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.core.plain.PlainConnector;
import java.sql.SQLException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;

/** A database to which the way is free, slow or refused, as the test says. */
final class Moody implements Connector {
  private static final String URL = "jdbc:h2:mem:texts;DB_CLOSE_DELAY=-1";

  static {
    try {
      h2().open(1).close(); // the first takes long
    } catch (SQLException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Connector h2 = h2();
  private volatile @Nullable SQLException refusal;
  private final AtomicInteger come = new AtomicInteger();
  private volatile int slots = Integer.MAX_VALUE;
  private volatile CountDownLatch gate = new CountDownLatch(0);

  private static Connector h2() {
    JdbcDataSource source = new JdbcDataSource();
    source.setURL(URL);
    return PlainConnector.of(source);
  }

  /** Has place for so many connections, and refuses those that come after them. */
  void slots(int value) {
    slots = value;
  }

  /** Refuses whoever comes from now on. */
  void refuse(String message, String state) {
    refusal = new SQLException(message, state);
  }

  /** Whoever comes from now on is let in when the gate is opened. */
  void shut() {
    gate = new CountDownLatch(1);
  }

  void open() {
    gate.countDown();
  }

  @Override
  public String product() {
    return "Moody";
  }

  @Override
  public String target() {
    return "moody.example.com";
  }

  @Override
  public PhysicalConnection open(long timeoutNanos) throws SQLException {
    if (come.incrementAndGet() > slots) {
      throw new SQLException("sorry, too many clients already", "53300");
    }
    SQLException refused = refusal;
    if (refused != null) {
      throw refused;
    }
    try {
      gate.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SQLException("interrupted", "08001", e);
    }
    return h2.open(timeoutNanos);
  }

  @Override
  public Verdict classify(Throwable failure) {
    return failure instanceof SQLException e && "53300".equals(e.getSQLState())
        ? Verdict.OUT_OF_SLOTS
        : h2.classify(failure);
  }

  @Override
  public SideEffects sideEffects(String sql) {
    return h2.sideEffects(sql);
  }
}
