package io.everpool.jdbi;

import io.everpool.api.WorkOptions;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.jspecify.annotations.Nullable;

/**
 * A callback that says what is known about it. The decorator is shown a callback before anything
 * else, so a mark on it needs neither a thread-local nor a second Jdbi.
 */
final class MarkedCallback<R extends @Nullable Object, X extends Exception>
    implements HandleCallback<R, X> {
  private final WorkOptions options;
  private final HandleCallback<R, X> callback;

  MarkedCallback(WorkOptions options, HandleCallback<R, X> callback) {
    this.options = options;
    this.callback = callback;
  }

  /** What is known about {@code callback} on {@code handle}. */
  static WorkOptions options(HandleCallback<?, ?> callback, Handle handle) {
    return callback instanceof MarkedCallback<?, ?> marked
        ? marked.options
        : handle.getConfig(UnitOptions.class).of(Units.LABEL);
  }

  @Override
  public R withHandle(Handle handle) throws X {
    return callback.withHandle(handle);
  }
}
