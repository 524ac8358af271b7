package io.everpool.examples.demo;

import com.google.inject.Inject;
import com.google.inject.Singleton;
import io.everpool.examples.ledger.Account;
import io.everpool.examples.ledger.Bank;
import io.everpool.examples.ledger.LedgerRepository;
import io.everpool.examples.ledger.Owner;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Jdbi;

/** Accounts with money on them, and tellers who move it until the branch closes. */
@Singleton
final class Branch {
  static final int ACCOUNTS = 100;
  static final long INITIAL_BALANCE = 1_000_000;
  private static final int TELLERS = 8;

  private final Jdbi jdbi;
  private final Bank bank;
  private final Tally tally;
  private final List<Thread> tellers = new ArrayList<>();
  private volatile boolean open = true;

  @Inject
  Branch(Jdbi jdbi, Bank bank, Tally tally) {
    this.jdbi = jdbi;
    this.bank = bank;
    this.tally = tally;
  }

  void createAccounts() {
    jdbi.useExtension(LedgerRepository.class, LedgerRepository::createTables);
    jdbi.useTransaction(
        handle -> {
          LedgerRepository ledger = handle.attach(LedgerRepository.class);
          for (int id = 0; id < ACCOUNTS; id++) {
            Owner owner = new Owner("Customer " + id, List.of("interest", "JSONB"));
            ledger.insert(new Account(id, owner, INITIAL_BALANCE));
          }
        });
  }

  /** Leaves nothing behind. */
  void removeAccounts() {
    jdbi.useExtension(LedgerRepository.class, LedgerRepository::dropTables);
  }

  void openDoors() {
    for (int i = 1; i <= TELLERS; i++) {
      Thread teller = new Thread(new Teller(bank, tally, () -> open), "teller-" + i);
      tellers.add(teller);
      teller.start();
    }
  }

  /** Waits until every teller has finished what he was at. */
  void closeDoors() throws InterruptedException {
    open = false;
    for (Thread teller : tellers) {
      teller.join();
    }
  }
}
