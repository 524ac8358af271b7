package io.everpool.core.replicas;

import java.sql.SQLException;
import org.junit.jupiter.api.BeforeEach;

/** A writer and two that may be its readers, anew for each test. */
abstract class ThreeServers {
  Server writer;
  Server one;
  Server two;

  @BeforeEach
  void start() throws SQLException {
    writer = new Server("writer");
    one = new Server("one");
    two = new Server("two");
  }
}
