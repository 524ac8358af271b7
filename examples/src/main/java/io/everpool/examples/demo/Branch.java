package io.everpool.examples.demo;

import com.google.inject.Inject;
import com.google.inject.Singleton;
import io.everpool.examples.ledger.Account;
import io.everpool.examples.ledger.Bank;
import io.everpool.examples.ledger.LedgerRepository;
import io.everpool.examples.ledger.Owner;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;

/** Accounts with money on them, and tellers who move it until the branch closes. */
@Singleton
final class Branch {
  static final int ACCOUNTS = 100;
  static final long INITIAL_BALANCE = 1_000_000;
  private static final int TELLERS = 8;
  private static final String DUPLICATE_SCHEMA = "42P06";

  private final Jdbi jdbi;
  private final Bank bank;
  private final Tally tally;
  private final List<Thread> tellers = new ArrayList<>();
  private volatile boolean open = true;

  /** Whether this branch has created the schema. */
  private boolean created;

  @Inject
  Branch(Jdbi jdbi, Bank bank, Tally tally) {
    this.jdbi = jdbi;
    this.bank = bank;
    this.tally = tally;
  }

  /**
   * Creates the accounts. Returns false if the schema is there already: then it belongs to somebody
   * else and is left alone.
   */
  boolean createAccounts() {
    try {
      jdbi.useExtension(LedgerRepository.class, LedgerRepository::createTables);
    } catch (UnableToExecuteStatementException e) {
      if (e.getCause() instanceof SQLException cause
          && DUPLICATE_SCHEMA.equals(cause.getSQLState())) {
        return false;
      }
      throw e;
    }
    created = true;
    jdbi.useTransaction(
        handle -> {
          LedgerRepository ledger = handle.attach(LedgerRepository.class);
          for (int id = 0; id < ACCOUNTS; id++) {
            Owner owner = new Owner("Customer " + id, List.of("interest", "JSONB"));
            ledger.insert(new Account(id, owner, INITIAL_BALANCE));
          }
        });
    return true;
  }

  /** Removes everything that this branch has created, and touches nothing else. */
  void removeAccounts() {
    if (created) {
      jdbi.useExtension(LedgerRepository.class, LedgerRepository::dropTables);
      created = false;
    }
  }

  void openDoors() {
    for (int i = 1; i <= TELLERS; i++) {
      Thread teller = new Thread(new Teller(bank, tally, () -> open), "teller-" + i);
      tellers.add(teller);
      teller.start();
    }
  }

  /** Waits until every teller has finished what he was doing. */
  void closeDoors() throws InterruptedException {
    open = false;
    for (Thread teller : tellers) {
      teller.join();
    }
  }
}
