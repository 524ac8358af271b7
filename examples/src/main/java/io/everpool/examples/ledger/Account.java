package io.everpool.examples.ledger;

/** An account and what is on it, in cents. */
public record Account(int id, Owner owner, long balance) {}
