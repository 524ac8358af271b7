package io.everpool.examples.ledger;

import java.util.List;

/** An account and its last transfers. */
public record Statement(Account account, List<Transfer> transfers) {}
