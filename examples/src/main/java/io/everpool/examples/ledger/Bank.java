package io.everpool.examples.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.inject.Inject;
import com.google.inject.Singleton;
import io.everpool.jdbi.EverpoolJdbi;
import java.util.UUID;
import org.jdbi.v3.core.Jdbi;

/** What the application does. Thread-safe. It knows nothing of connections, pools or outages. */
@Singleton
public final class Bank {
  private static final int LATEST = 5;

  private final Jdbi jdbi;
  private final LedgerRepository ledger;

  @Inject
  public Bank(Jdbi jdbi) {
    this.jdbi = jdbi;
    ledger = jdbi.onDemand(LedgerRepository.class);
  }

  /** Moves money. When this returns, the money was moved, and only once. */
  public UUID transfer(int payer, int payee, long amount, JsonNode note) {
    Transfer transfer = new Transfer(UUID.randomUUID(), payer, payee, amount, note);
    ledger.transfer(transfer);
    return transfer.id();
  }

  /**
   * Runs several queries on one connection. They are marked as reading only, so they are rerun if
   * the connection breaks.
   */
  public Statement statement(int account) {
    return EverpoolJdbi.readOnly(jdbi)
        .labelled("statement of an account")
        .withExtension(
            LedgerRepository.class,
            ledger -> new Statement(ledger.account(account), ledger.latest(account, LATEST)));
  }
}
