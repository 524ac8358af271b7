package io.everpool.examples.ledger;

import java.util.List;
import org.jdbi.v3.json.Json;

/** The owner of an account; a JSON document in the table. */
@Json
public record Owner(String name, List<String> interests) {}
