package io.everpool.it.chaos;

/** Where an application finds its database, through every failover. */
record Door(String jdbcUrl, String user, String password) {

  /** Leaves the password out. */
  @Override
  public String toString() {
    return jdbcUrl;
  }
}
