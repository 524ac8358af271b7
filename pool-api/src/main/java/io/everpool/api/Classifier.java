package io.everpool.api;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * A user's own rules, asked before the driver's, for every failure whatever the pool was doing:
 * connecting, examining, using, resetting or closing a connection.
 *
 * <p>Called on whichever thread has met the failure, on several at once: it must be thread-safe and
 * quick, and must not block. What it throws is logged, and the next rule is asked.
 */
@FunctionalInterface
public interface Classifier {

  /** What {@code failure} means, or null to leave it to the driver's rules. */
  @Nullable Verdict classify(SQLException failure);
}
