package io.everpool.examples.ledger;

/** An account with its balance, in cents. */
public record Account(int id, Owner owner, long balance) {}
