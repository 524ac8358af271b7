package io.everpool.core.work;

/** What the caller has said of a unit, so that it may run again whatever it has sent. */
enum Promise {
  NONE,
  /** It changes nothing, and the server was told to refuse any change. */
  READ_ONLY,
  /** It may have its effect twice. */
  IDEMPOTENT
}
