package io.everpool.it.chaos;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A thread of an application, and what it writes into the books about its work. */
final class Writer implements Runnable {
  private static final long PAUSE_NANOS = 2_000_000;
  private static final int LARGEST_TRANSFER = 1_000;
  private static final int HUNDRED = 100;
  private static final int BY_UNITS = 50;
  private static final int BY_JDBI = 70;
  private static final int READS = 85;
  private static final int REPEATABLE = 90;

  private final Application application;
  private final Ledger ledger;
  private final Books books;
  private final Crashes crashes;
  private final AtomicLong ids;
  private final Random random;
  private final BooleanSupplier open;

  Writer(
      Application application,
      Books books,
      Crashes crashes,
      AtomicLong ids,
      long seed,
      BooleanSupplier open) {
    this.application = application;
    this.ledger = new Ledger(application.schema());
    this.books = books;
    this.crashes = crashes;
    this.ids = ids;
    this.random = new Random(seed);
    this.open = open;
  }

  @Override
  public void run() {
    while (open.getAsBoolean()) {
      int dice = random.nextInt(HUNDRED);
      if (dice < BY_JDBI) {
        transfer(dice >= BY_UNITS);
      } else if (dice < READS) {
        read();
      } else if (dice < REPEATABLE) {
        see();
      } else {
        note();
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private void transfer(boolean byJdbi) {
    int payer = random.nextInt(Ledger.ACCOUNTS);
    int payee = (payer + 1 + random.nextInt(Ledger.ACCOUNTS - 1)) % Ledger.ACCOUNTS;
    Transfer transfer =
        new Transfer(ids.incrementAndGet(), payer, payee, 1 + random.nextInt(LARGEST_TRANSFER));
    long begun = System.nanoTime();
    try {
      if (byJdbi) {
        application.inJdbiTransaction(handle -> ledger.transfer(handle, transfer));
      } else {
        application.inTransaction(connection -> ledger.transfer(connection, transfer));
      }
      books.acknowledged.add(transfer.id());
    } catch (Exception e) {
      books.failed(transfer.id(), e, crashes.since(begun));
      books.error("transfer", e);
    }
  }

  private void read() {
    try {
      long total = application.reading(ledger::total);
      books.reads.increment();
      if (total != Ledger.ACCOUNTS * Ledger.INITIAL_BALANCE) {
        books.wrongReads.increment();
      }
    } catch (Exception e) {
      books.error("read", e);
    }
  }

  private void see() {
    long id = ids.incrementAndGet();
    try {
      application.idempotent(connection -> ledger.see(connection, id));
      books.seen.add(id);
    } catch (Exception e) {
      books.error("repeatable write", e);
    }
  }

  /** No unit, no loop: nobody repeats it. */
  private void note() {
    long id = ids.incrementAndGet();
    try (Connection connection = application.connection()) {
      note(connection, id);
    } catch (SQLException e) {
      // there was no connection, or closing it failed after the write's own answer
      books.error("plain JDBC", e);
    }
  }

  private void note(Connection connection, long id) throws SQLException {
    try {
      ledger.note(connection, id);
      books.noted.add(id);
    } catch (SQLException e) {
      books.noteFailed.add(id);
      throw e;
    }
  }
}
