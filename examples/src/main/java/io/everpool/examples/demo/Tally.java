package io.everpool.examples.demo;

import java.util.Collection;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import org.jdbi.v3.core.statement.SqlLogger;
import org.jdbi.v3.core.statement.StatementContext;

/** Counts what the application got done, and keeps the failures that it saw. Thread-safe. */
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

  /** Jdbi calls this for each statement that was executed. */
  @Override
  public void logAfterExecution(StatementContext context) {
    queries.increment();
  }

  /** All transfers of which the application was told that they are done. */
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
