package io.everpool.core.stress;

import static java.util.Objects.requireNonNull;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.core.jdbc.FakeDriver;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Opens connections that can be killed, and now and then refuses; remembers all it opened. */
final class Mortals implements Connector {
  private final Map<Object, Mortal> opened = new ConcurrentHashMap<>();
  private volatile boolean calm;

  @Override
  public String product() {
    return "Stress";
  }

  @Override
  public String target() {
    return "nowhere";
  }

  @Override
  public PhysicalConnection open(long timeoutNanos) throws SQLException {
    if (!calm && ThreadLocalRandom.current().nextInt(20) == 0) {
      throw new SQLException("nobody listens", "08001");
    }
    Mortal mortal = new Mortal(new FakeDriver());
    opened.put(mortal.jdbc(), mortal);
    return mortal;
  }

  @Override
  public Verdict classify(Throwable failure) {
    return failure instanceof SQLException e && String.valueOf(e.getSQLState()).startsWith("08")
        ? Verdict.CONNECTION_LOST
        : Verdict.STATEMENT_FAILED;
  }

  @Override
  public SideEffects sideEffects(String sql) {
    return SideEffects.NONE;
  }

  /** From now on every connect succeeds. */
  void calmDown() {
    calm = true;
  }

  /** Every connection there ever was. */
  Collection<Mortal> all() {
    return opened.values();
  }

  /** What lies below a lent connection. */
  Mortal below(Connection face) throws SQLException {
    return requireNonNull(opened.get(face.unwrap(FakeDriver.Vendor.class)));
  }

  /** One that still lives; null if none does. */
  @Nullable Mortal anyAlive() {
    return opened.values().stream()
        .filter(mortal -> mortal.ends() == 0)
        .skip(ThreadLocalRandom.current().nextInt(4))
        .findFirst()
        .orElse(null);
  }
}
