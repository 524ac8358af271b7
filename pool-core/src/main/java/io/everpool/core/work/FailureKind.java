package io.everpool.core.work;

import io.everpool.api.Verdict;

/** What failed, as far as running a unit again is concerned. */
enum FailureKind {
  /** The unit's own SQL, data or code. */
  STATEMENT,
  /** The transaction lost a race against another, which has got through. */
  CONFLICT,
  /** A plan no longer fits that was prepared before a migration. */
  STALE_PLAN,
  /** The connection failed, or the server did; another connection may do. */
  CONNECTION,
  /** A limit that the unit's own work is under has passed. */
  DEADLINE,
  /** The server lets nobody in. */
  REFUSED,
  /** A COMMIT was sent and its answer lost; no promise of the caller covers it. */
  COMMIT;

  static FailureKind of(Verdict verdict) {
    return switch (verdict) {
      case STATEMENT_FAILED -> STATEMENT;
      case TRANSACTION_CONFLICT -> CONFLICT;
      case STALE_PLAN -> STALE_PLAN;
      case DEADLINE -> DEADLINE;
      case ACCESS_DENIED, REFUSED -> REFUSED;
      case CONNECTION_LOST,
          SERVER_DOWN,
          SERVER_STARTING,
          READ_ONLY_SERVER,
          OUT_OF_SLOTS,
          PROXY_UNAVAILABLE,
          PROCESS_LIMIT,
          STALE_SESSION ->
          CONNECTION;
    };
  }
}
