package io.everpool.api;

/** How the health pass examines an idle connection. */
public enum HealthCheck {
  /** {@link #LOOK} where the pool may sleep, {@link #QUERY} elsewhere. */
  AUTO,
  /**
   * A look that sends no byte: the kernel knows whether the peer has closed. A query follows only
   * if the driver can't look, or if something is waiting to be read.
   */
  LOOK,
  /** A round trip; also finds a server that hangs and a network that swallows everything. */
  QUERY
}
