package io.everpool.api.framework;

import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import java.sql.Connection;

/**
 * Thrown by the work that a framework's adapter has a {@linkplain UnitRerunner#rerun unit} run, in
 * place of what its caller's work has thrown: that can't be run again, for a reason that the
 * adapter alone knows. Whoever called the unit is thrown {@link #failure()}, as if that had been
 * thrown; the pool tells why there was no further run, as of any other unit. Without a stack trace.
 *
 * @see UnitRerunner#rerun(Connection, WorkOptions, Work)
 */
public final class NotRepeatableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // it is on its way for no longer than a unit
  private final Exception failure;

  private final String because;

  /**
   * Made for a run that has failed.
   *
   * @param failure what the work has thrown
   * @param because ends the sentence "it was not run again: ..."; no secret
   */
  public NotRepeatableException(Exception failure, String because) {
    super("The work can't be run again: " + because, failure, false, false);
    this.failure = failure;
    this.because = because;
  }

  /** What the work has thrown. */
  public Exception failure() {
    return failure;
  }

  /** What the constructor was given. */
  public String because() {
    return because;
  }
}
