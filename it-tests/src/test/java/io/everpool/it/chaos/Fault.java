package io.everpool.it.chaos;

/** What strikes. */
enum Fault {
  /** {@code pg_terminate_backend} of one session. */
  TERMINATE_ONE("terminate one backend", 4, false),
  /** The same of every session. */
  TERMINATE_ALL("terminate all backends", 2, false),
  /** {@code kill -9} of one session's process: the server ends all others and recovers. */
  KILL_BACKEND("kill -9 of a backend", 2, true),
  /** An orderly restart. */
  RESTART_FAST("fast restart", 2, false),
  /** A restart without a shutdown. */
  RESTART_IMMEDIATE("immediate restart", 1, true),
  /** {@code kill -9} of the server and everything it started, and a start. */
  KILL_SERVER("kill -9 of the server", 1, true),
  /** Every connection is reset. */
  RST("RST of all connections", 2, false),
  /** Every connection is ended in order. */
  FIN("FIN of all connections", 2, false),
  /** A request is carried out and its answer is lost. */
  REPLY_CUT("reply cut off", 3, false),
  /** The same of a COMMIT. */
  COMMIT_CUT("COMMIT's reply cut off", 4, false),
  /** Nothing reaches the server for a while. */
  FREEZE_TO_SERVER("freeze towards the server", 2, false),
  /** Nothing comes from the server for a while. */
  FREEZE_TO_CLIENT("freeze towards the client", 2, false),
  /** The server's processes are stopped for a while. */
  STOP_SERVER("SIGSTOP of the server", 2, false),
  /** The primary dies and its standby is promoted. */
  FAILOVER("failover", 1, true);

  private final String description;
  private final int weight;
  private final boolean crash;

  Fault(String description, int weight, boolean crash) {
    this.description = description;
    this.weight = weight;
    this.crash = crash;
  }

  /** For a human. */
  String description() {
    return description;
  }

  /** How many of it there are in a pack of cards. */
  int weight() {
    return weight;
  }

  /** Whether the server may lose what it has not written out, and with it its memory of ids. */
  boolean crash() {
    return crash;
  }
}
