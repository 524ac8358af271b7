package io.everpool.api;

import io.everpool.api.driver.Verdict;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * A user's own rules, asked before the driver's, for every failure whatever the pool was doing.
 * Thread-safe and quick.
 */
@FunctionalInterface
public interface Classifier {

  /** What {@code failure} means, or null to leave it to the driver's rules. */
  @Nullable Verdict classify(SQLException failure);
}
