package io.everpool.dropwizard;

import io.everpool.servers.PostgresServer;
import java.util.Map;
import java.util.TreeMap;

/** The server that the tests share, and how a configuration names it. */
final class Db {
  private static final PostgresServer SERVER = PostgresServer.start();

  private Db() {}

  /** It ends with this JVM. */
  static PostgresServer server() {
    return SERVER;
  }

  /** Its block of a configuration, and what else is said in it. */
  static Map<String, Object> block(String... keysAndValues) {
    Map<String, Object> block = new TreeMap<>();
    block.put("url", SERVER.jdbcUrl());
    block.put("user", SERVER.user());
    block.put("password", SERVER.password());
    for (int i = 0; i < keysAndValues.length; i += 2) {
      block.put(keysAndValues[i], keysAndValues[i + 1]);
    }
    return block;
  }
}
