package io.everpool.api.driver;

/** What a look at an idle connection shows without sending a byte. */
public enum Look {
  /** The peer hasn't closed it. A server that hangs, or a silent network, looks the same. */
  ALIVE,
  /** Something waits to be read: a notice, or a farewell. Ask the server. */
  UNSURE,
  /** The peer has closed it. */
  DEAD,
  /** This connection can't be looked at. Ask the server. */
  BLIND
}
