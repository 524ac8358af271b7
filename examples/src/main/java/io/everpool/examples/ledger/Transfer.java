package io.everpool.examples.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.UUID;

/** An amount of money, in cents, that goes from one account to another. */
public record Transfer(UUID id, int payer, int payee, long amount, JsonNode note) {}
