package io.everpool.it.chaos;

/** Money that moves from one account to another, under an id that no other transfer has. */
record Transfer(long id, int payer, int payee, int amount) {}
