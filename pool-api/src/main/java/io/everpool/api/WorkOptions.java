package io.everpool.api;

import static java.util.Objects.requireNonNull;

import java.sql.Connection;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the caller knows about a unit of work and the pool can't see. Immutable: begin with {@link
 * #DEFAULT}, {@link #READ_ONLY} or {@link #IDEMPOTENT}, and say what is different.
 */
public final class WorkOptions {

  /** Nothing is known: rerun only what cannot be doubled. */
  public static final WorkOptions DEFAULT = new WorkOptions(false, false, 0, "work", null, null);

  /** The work only reads. */
  public static final WorkOptions READ_ONLY = DEFAULT.withReadOnly(true);

  /** The work may be repeated even if it had its effect already. */
  public static final WorkOptions IDEMPOTENT = DEFAULT.withIdempotent(true);

  private final boolean readOnly;
  private final boolean idempotent;
  private final int isolation;
  private final String label;
  private final @Nullable Duration deadline;
  private final @Nullable String position;

  private WorkOptions(
      boolean readOnly,
      boolean idempotent,
      int isolation,
      String label,
      @Nullable Duration deadline,
      @Nullable String position) {
    this.readOnly = readOnly;
    this.idempotent = idempotent;
    this.isolation = isolation;
    this.label = label;
    this.deadline = deadline;
    this.position = position;
  }

  /** Whether the work changes nothing; the connection is set read-only for it. */
  public boolean readOnly() {
    return readOnly;
  }

  /** Whether the work may be repeated even if it had its effect already. */
  public boolean idempotent() {
    return idempotent;
  }

  /** A {@code Connection.TRANSACTION_*} level, or {@code 0} for the connection's own. */
  public int isolation() {
    return isolation;
  }

  /** What logs and exceptions call the work. */
  public String label() {
    return label;
  }

  /** How long the work may take from its call on; null for as long as it likes. */
  public @Nullable Duration deadline() {
    return deadline;
  }

  /** What the work must be able to see; null for nothing in particular. */
  public @Nullable String position() {
    return position;
  }

  /** The same options with or without the promise that the work changes nothing. */
  public WorkOptions withReadOnly(boolean value) {
    return new WorkOptions(value, idempotent, isolation, label, deadline, position);
  }

  /**
   * The same options with or without the promise that the work may be repeated even if it had its
   * effect already.
   */
  public WorkOptions withIdempotent(boolean value) {
    return new WorkOptions(readOnly, value, isolation, label, deadline, position);
  }

  /**
   * The same options with an isolation level for the work's connection. Work that only reads goes
   * to a reader that runs transactions at it, which a standby of PostgreSQL doesn't at {@link
   * Connection#TRANSACTION_SERIALIZABLE}; if there is none, it goes where {@link
   * PoolConfig#readerFallback()} says.
   *
   * @param value a {@code Connection.TRANSACTION_*} level, or {@code 0} for the connection's own
   * @throws IllegalArgumentException if it is none of these
   */
  public WorkOptions withIsolation(int value) {
    switch (value) {
      case 0,
          Connection.TRANSACTION_READ_UNCOMMITTED,
          Connection.TRANSACTION_READ_COMMITTED,
          Connection.TRANSACTION_REPEATABLE_READ,
          Connection.TRANSACTION_SERIALIZABLE -> {}
      default ->
          throw new IllegalArgumentException(
              "isolation is " + value + "; use 0 or a Connection.TRANSACTION_* level");
    }
    return new WorkOptions(readOnly, idempotent, value, label, deadline, position);
  }

  /**
   * The same options with a name, which logs and exceptions show: it must hold no secret.
   *
   * @param value the name, not null; it is {@code work} if nobody sets it
   * @throws NullPointerException if it is null
   */
  public WorkOptions withLabel(String value) {
    return new WorkOptions(
        readOnly, idempotent, isolation, requireNonNull(value, "label"), deadline, position);
  }

  /**
   * The same options with a limit for this call: for waiting for a connection, all runs and the
   * pauses between them together. Waiting for a connection also ends at {@link
   * PoolConfig#acquireTimeout()}.
   *
   * <p>Work that runs over it is cancelled, up to a tenth of a second late: the server is told to
   * end the statement, or the connection is cut if that doesn't help; the connection is replaced,
   * and {@link WorkDeadlineException} is thrown. If the connection is lost before the limit, and no
   * time is left for another run, that loss is thrown instead. The thread is not interrupted: work
   * that computes learns of the limit when it uses its connection again. A {@code commit()} that is
   * under way is not cancelled; if its answer is lost it is looked up, even if that takes longer.
   *
   * @param value the time from the call on; positive, or null for as long as it likes
   * @throws IllegalArgumentException if it isn't positive
   */
  public WorkOptions withDeadline(@Nullable Duration value) {
    if (value != null && (value.isZero() || value.isNegative())) {
      throw new IllegalArgumentException("deadline is " + value + "; it must be positive");
    }
    return new WorkOptions(readOnly, idempotent, isolation, label, value, position);
  }

  /**
   * The same options for work that only reads, and that must see what was committed before {@link
   * Pool#position()} returned this value. A reader is waited for until it has come as far: for
   * {@link PoolConfig#maxReplicaLag()} at most (there is no such limit if that is zero), and for
   * half of the time that is left, which is {@link PoolConfig#acquireTimeout()} or the deadline,
   * whichever ends first. Then the other readers are asked, and then the work goes where {@link
   * PoolConfig#readerFallback()} says. Costs a round trip or a few. On the writer it means nothing.
   *
   * <p>If a framework holds a connection to a reader that doesn't come as far, or is lost, the
   * connection goes on over a session with another server, set as before. If it has to wait for
   * that, it gives back the session that it has, and is closed if none comes. If SQL has set
   * something in its session, or a statement of it is open, it can't go on elsewhere; then its own
   * server is waited for until the time is over, and the unit fails if that doesn't come as far.
   *
   * @param value what {@link Pool#position()} was, of this pool or of another process's with the
   *     same writer; null for nothing in particular
   */
  public WorkOptions after(@Nullable String value) {
    return new WorkOptions(readOnly, idempotent, isolation, label, deadline, value);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof WorkOptions that
        && readOnly == that.readOnly
        && idempotent == that.idempotent
        && isolation == that.isolation
        && label.equals(that.label)
        && Objects.equals(deadline, that.deadline)
        && Objects.equals(position, that.position);
  }

  @Override
  public int hashCode() {
    return Objects.hash(readOnly, idempotent, isolation, label, deadline, position);
  }

  @Override
  public String toString() {
    return "WorkOptions[readOnly="
        + readOnly
        + ", idempotent="
        + idempotent
        + ", isolation="
        + isolation
        + ", label="
        + label
        + ", deadline="
        + deadline
        + ", position="
        + position
        + "]";
  }
}
