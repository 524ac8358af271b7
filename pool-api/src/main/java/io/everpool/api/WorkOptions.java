package io.everpool.api;

import java.sql.Connection;

/**
 * What the caller knows about a unit of work and the pool can't see.
 *
 * @param readOnly the work changes nothing; the connection is set read-only for it
 * @param idempotent the work may be repeated even if it had its effect already
 * @param isolation a {@code Connection.TRANSACTION_*} level, or {@code 0} for the connection's own
 * @param label what logs and exceptions call the work
 */
public record WorkOptions(boolean readOnly, boolean idempotent, int isolation, String label) {

  /** Nothing is known: rerun only what cannot be doubled. */
  public static final WorkOptions DEFAULT = new WorkOptions(false, false, 0, "work");

  /** The work only reads. */
  public static final WorkOptions READ_ONLY = DEFAULT.withReadOnly(true);

  /** The work may be repeated even if it had its effect already. */
  public static final WorkOptions IDEMPOTENT = DEFAULT.withIdempotent(true);

  public WorkOptions {
    switch (isolation) {
      case 0,
          Connection.TRANSACTION_READ_UNCOMMITTED,
          Connection.TRANSACTION_READ_COMMITTED,
          Connection.TRANSACTION_REPEATABLE_READ,
          Connection.TRANSACTION_SERIALIZABLE -> {}
      default ->
          throw new IllegalArgumentException(
              "isolation is " + isolation + "; use 0 or a Connection.TRANSACTION_* level");
    }
  }

  public WorkOptions withReadOnly(boolean value) {
    return new WorkOptions(value, idempotent, isolation, label);
  }

  public WorkOptions withIdempotent(boolean value) {
    return new WorkOptions(readOnly, value, isolation, label);
  }

  public WorkOptions withIsolation(int value) {
    return new WorkOptions(readOnly, idempotent, value, label);
  }

  public WorkOptions withLabel(String value) {
    return new WorkOptions(readOnly, idempotent, isolation, value);
  }
}
