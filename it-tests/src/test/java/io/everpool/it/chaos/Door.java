package io.everpool.it.chaos;

import io.everpool.servers.PgBouncer.Kind;
import org.jspecify.annotations.Nullable;

/**
 * Where an application finds its database, through every failover.
 *
 * @param pooler the PgBouncer that it leads through; null for none
 */
record Door(String jdbcUrl, String user, String password, @Nullable Kind pooler) {

  /** Leaves the password out. */
  @Override
  public String toString() {
    return jdbcUrl;
  }
}
