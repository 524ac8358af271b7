package io.everpool.core.upkeep;

import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.PoolEvent.ConnectionClosed;
import io.everpool.core.engine.Housekeeping;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.Occupant;
import io.everpool.core.engine.Slot;
import io.everpool.core.observe.Journal;
import java.sql.SQLException;
import java.util.function.Function;
import org.slf4j.Logger;

/**
 * Closes connections on worker threads. A close that hangs is cut at the deadline by upkeep; of the
 * two the first to move the slot reports it.
 */
final class Closer implements Housekeeping {
  private static final Logger log = Journal.log();

  private final Function<Throwable, Verdict> classifier;
  private final Environment environment;
  private final Journal journal;

  /** Whether no slot is empty, as upkeep last saw; spares a busy pool the calls in vain. */
  private volatile boolean full;

  Closer(Function<Throwable, Verdict> classifier, Environment environment, Journal journal) {
    this.classifier = classifier;
    this.environment = environment;
    this.journal = journal;
  }

  @Override
  public void close(Slot slot) {
    long word = slot.word();
    Occupant occupant = occupant(slot);
    environment.workers().execute(() -> closePolitely(slot, word, occupant));
  }

  private void closePolitely(Slot slot, long word, Occupant occupant) {
    try {
      occupant.physical().close();
    } catch (SQLException | RuntimeException e) {
      // No evidence against the others: why it is closed may have been counted as that already.
      log.debug(
          "Pool {}: closing connection {} failed ({})",
          journal.pool(),
          occupant.number(),
          classifier.apply(e),
          e);
      occupant.physical().abort();
    } finally {
      closed(slot, word, occupant);
    }
  }

  /** The polite close has taken too long: cut the connection. */
  void cut(Slot slot, long word) {
    Occupant occupant = occupant(slot);
    log.warn(
        "Pool {}: connection {} did not close in time and was cut",
        journal.pool(),
        occupant.number());
    environment.workers().execute(occupant.physical()::abort);
    closed(slot, word, occupant);
  }

  private void closed(Slot slot, long word, Occupant occupant) {
    // Read before the move: afterwards the slot may be another's. The occupant stays in the empty
    // slot until the next one comes, for of two closers the late one must not touch it.
    ConnectionClosed event =
        new ConnectionClosed(
            journal.pool(),
            occupant.number(),
            slot.closeReason,
            environment.time().nanoTime() - slot.openedAt,
            occupant.queries());
    if (slot.attempt(Move.CLOSED, word)) {
      log.debug(
          "Pool {}: closed connection {} ({}) after {} statements",
          event.pool(),
          event.connection(),
          event.reason().label(),
          event.queries());
      journal.emit(event);
      full = false;
      environment.pulse().hurry();
    }
  }

  @Override
  public void grow() {
    if (!full) {
      environment.pulse().hurry();
    }
  }

  void full(boolean value) {
    full = value;
  }

  static Occupant occupant(Slot slot) {
    Occupant occupant = slot.occupant;
    if (occupant == null) {
      throw new IllegalStateException(slot + " has no connection");
    }
    return occupant;
  }
}
