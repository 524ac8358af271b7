package io.everpool.api.driver;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The walk along the causes of a failure, which begins with the failure itself and ends after
 * twenty steps, for causes may go in circles. ({@link FailureChain} goes its own way, for it
 * follows the next exceptions of SQLExceptions as well.) Any thread may walk.
 */
public final class Causes {
  private static final int DEPTH = 20;

  private Causes() {}

  /** The outermost failure that is wanted; null if none is. */
  public static @Nullable Throwable first(Throwable failure, Predicate<Throwable> wanted) {
    Throwable at = failure;
    for (int depth = 0; at != null && depth < DEPTH; depth++, at = at.getCause()) {
      if (wanted.test(at)) {
        return at;
      }
    }
    return null;
  }

  /** The outermost failure of this type; null if there is none. */
  public static <T extends Throwable> @Nullable T first(Throwable failure, Class<T> type) {
    Throwable found = first(failure, type::isInstance);
    return found == null ? null : type.cast(found);
  }

  /** The innermost cause, or the twentieth. */
  public static Throwable root(Throwable failure) {
    Throwable found = first(failure, at -> at.getCause() == null);
    return found == null ? failure : found;
  }
}
