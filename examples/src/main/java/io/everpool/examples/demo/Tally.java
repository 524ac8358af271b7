package io.everpool.examples.demo;

import java.util.Collection;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import org.jdbi.v3.core.statement.SqlLogger;
import org.jdbi.v3.core.statement.StatementContext;

/** What the application got done and what it saw fail. Thread-safe. */
final class Tally implements SqlLogger {
  private final Queue<UUID> transfers = new ConcurrentLinkedQueue<>();
  private final Queue<Throwable> errors = new ConcurrentLinkedQueue<>();
  private final LongAdder transferred = new LongAdder();
  private final LongAdder reads = new LongAdder();
  private final LongAdder queries = new LongAdder();

  void transferred(UUID transfer) {
    transfers.add(transfer);
    transferred.increment();
  }

  void read() {
    reads.increment();
  }

  void failed(Throwable error) {
    errors.add(error);
  }

  /** Jdbi tells of each statement that was executed. */
  @Override
  public void logAfterExecution(StatementContext context) {
    queries.increment();
  }

  /** Every transfer that the application was told is done. */
  Collection<UUID> acknowledged() {
    return transfers;
  }

  Collection<Throwable> errors() {
    return errors;
  }

  long transfers() {
    return transferred.sum();
  }

  long reads() {
    return reads.sum();
  }

  long queries() {
    return queries.sum();
  }
}
