package io.everpool.core.replicas;

import io.everpool.api.Pool;
import io.everpool.core.jdbc.EngineLeaseManager;
import io.everpool.core.upkeep.Environment;
import io.everpool.core.upkeep.Reachability;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/**
 * One of the pools that make up a {@link ReplicatedPool}, as it is known from inside.
 *
 * @param target where its connections go; carries no secret
 * @param leases lends them
 * @param server whether its server can be reached
 * @param waiting how many callers wait for a connection
 * @param suspended whether an operator wants no connection to be lent
 * @param drain begins to drain the pool, and waits for nothing
 */
public record Member(
    Pool pool,
    String target,
    EngineLeaseManager leases,
    Reachability server,
    IntSupplier waiting,
    BooleanSupplier suspended,
    Runnable drain,
    Environment environment) {

  /** What logs and exceptions call it. */
  String called() {
    return pool.name() + " at " + target;
  }
}
