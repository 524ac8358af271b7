package io.everpool.examples.demo;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.everpool.examples.ledger.Bank;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Somebody at work, who transfers money, looks at an account, pauses for a moment, and begins
 * again.
 */
final class Teller implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(Teller.class);
  private static final long PAUSE_NANOS = 2_000_000;
  private static final int LARGEST_TRANSFER = 1_000;

  private final Bank bank;
  private final Tally tally;
  private final BooleanSupplier open;

  Teller(Bank bank, Tally tally, BooleanSupplier open) {
    this.bank = bank;
    this.tally = tally;
    this.open = open;
  }

  @Override
  public void run() {
    while (open.getAsBoolean()) {
      try {
        work();
      } catch (RuntimeException e) {
        log.error("this should not have been noticed", e);
        tally.failed(e);
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private void work() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    int payer = random.nextInt(Branch.ACCOUNTS);
    int payee = (payer + 1 + random.nextInt(Branch.ACCOUNTS - 1)) % Branch.ACCOUNTS;
    tally.transferred(
        bank.transfer(
            payer,
            payee,
            1 + random.nextInt(LARGEST_TRANSFER),
            JsonNodeFactory.instance.objectNode().put("teller", Thread.currentThread().getName())));
    bank.statement(payer);
    tally.read();
  }
}
