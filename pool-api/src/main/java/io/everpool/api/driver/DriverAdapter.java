package io.everpool.api.driver;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;

/**
 * Plugs a database in. Found by {@link java.util.ServiceLoader}; the first that accepts is taken.
 *
 * <p>Each opening of a pool makes an adapter of its own, and calls it on the thread that opens the
 * pool; so it needs no locks, unless it shares something with others of its kind.
 */
public interface DriverAdapter {

  /** Whether this adapter serves the URL. */
  boolean accepts(String url);

  /**
   * Prepares for opening connections; opens none. Whoever opens the pool waits for it, and no limit
   * bounds it: it may read a file, and must not ask a network.
   *
   * @throws InvalidPoolConfigException if URL or properties can't work; carries no secret
   */
  Connector connector(PoolConfig config);

  /**
   * The same for a pool whose connections only read: a replica of another server will do, and is no
   * sign that something has gone wrong.
   *
   * @throws InvalidPoolConfigException as {@link #connector}
   */
  default Connector readerConnector(PoolConfig config) {
    return connector(config);
  }
}
