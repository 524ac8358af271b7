package io.everpool.core.jdbc;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Causes;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import java.sql.SQLException;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;

/** Knows what a few states mean, and that SET, LISTEN and PREPARE leave side effects. */
public class FakeConnector implements Connector {

  /** The SQLState of a transaction that took too long. */
  public static final String DEADLINE = "25P04";

  /** The SQLState of a plan that fits no more. */
  public static final String STALE_PLAN = "0A000";

  /** What statements leave behind. */
  public enum Leftover implements SideEffects.Kind {
    SET,
    LISTEN,
    PREPARE
  }

  public static final SideEffects SET = SideEffects.of(Leftover.SET);
  public static final SideEffects LISTEN = SideEffects.of(Leftover.LISTEN);
  public static final SideEffects PREPARE = SideEffects.of(Leftover.PREPARE);

  /** Texts read so far. */
  public final AtomicInteger read = new AtomicInteger();

  /** Whether it knows nothing of side effects, as of a driver of which only java.sql is known. */
  public boolean plain;

  @Override
  public String product() {
    return "Fake";
  }

  @Override
  public String target() {
    return "nowhere";
  }

  @Override
  public PhysicalConnection open(long timeoutNanos) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Verdict classify(Throwable failure) {
    Throwable found = Causes.first(failure, at -> verdict(at) != Verdict.STATEMENT_FAILED);
    return found == null ? Verdict.STATEMENT_FAILED : verdict(found);
  }

  private static Verdict verdict(Throwable at) {
    String state = at instanceof SQLException e ? e.getSQLState() : null;
    if (state == null) {
      return Verdict.STATEMENT_FAILED;
    }
    return switch (state) {
      case "57P01" -> Verdict.SERVER_DOWN;
      case "25006" -> Verdict.READ_ONLY_SERVER;
      case "40001", "40P01" -> Verdict.TRANSACTION_CONFLICT;
      case DEADLINE -> Verdict.DEADLINE;
      case STALE_PLAN -> Verdict.STALE_PLAN;
      default -> state.startsWith("08") ? Verdict.CONNECTION_LOST : Verdict.STATEMENT_FAILED;
    };
  }

  @Override
  public SideEffects sideEffects(String sql) {
    read.incrementAndGet();
    if (plain) {
      return SideEffects.NONE;
    }
    String text = sql.strip().toUpperCase(Locale.ROOT);
    if (text.startsWith("SET ")) {
      return SET;
    }
    if (text.startsWith("PREPARE ")) {
      return PREPARE;
    }
    return text.startsWith("LISTEN ") ? LISTEN : SideEffects.NONE;
  }
}
