package io.everpool.examples.ledger;

import java.util.List;
import org.jdbi.v3.json.Json;

/** Whose account it is; a JSON document in the table. */
@Json
public record Owner(String name, List<String> interests) {}
