package io.everpool.jdbi;

import io.everpool.api.WorkOptions;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.HandleCallback;
import org.jspecify.annotations.Nullable;

/**
 * A callback that carries what is known about it. The decorator sees a callback before anything
 * else does, so a mark on the callback needs neither a thread-local nor a second Jdbi.
 */
final class MarkedCallback<R extends @Nullable Object, X extends Exception>
    implements HandleCallback<R, X> {
  private final WorkOptions options;
  private final @Nullable String label;
  private final HandleCallback<R, X> callback;

  MarkedCallback(WorkOptions options, @Nullable String label, HandleCallback<R, X> callback) {
    this.options = options;
    this.label = label;
    this.callback = callback;
  }

  /** What is known about {@code callback} on {@code handle}. */
  static WorkOptions options(HandleCallback<?, ?> callback, Handle handle) {
    UnitOptions configured = handle.getConfig(UnitOptions.class);
    return callback instanceof MarkedCallback<?, ?> marked
        ? configured.with(marked.options, marked.label)
        : configured.of(Units.LABEL);
  }

  @Override
  public R withHandle(Handle handle) throws X {
    return callback.withHandle(handle);
  }
}
