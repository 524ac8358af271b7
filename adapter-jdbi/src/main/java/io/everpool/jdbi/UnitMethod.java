package io.everpool.jdbi;

import io.everpool.api.WorkOptions;
import java.util.List;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.extension.AttachedExtensionHandler;
import org.jdbi.v3.core.extension.ExtensionHandler;
import org.jdbi.v3.core.extension.HandleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A method of a SqlObject, as a unit of work. Since 3.50 Jdbi first attaches a handler to its
 * object; before, Jdbi handed the object to each call. This class supports both, and passes the
 * older kind of call on through {@link OlderJdbi}.
 */
final class UnitMethod implements ExtensionHandler {
  private final HandleUnits units;
  private final UnitMarks marks;
  private final BatchRows rows;
  private final ExtensionHandler method;

  UnitMethod(HandleUnits units, UnitMarks marks, BatchRows rows, ExtensionHandler method) {
    this.units = units;
    this.marks = marks;
    this.rows = rows;
    this.method = method;
  }

  @Override
  public AttachedExtensionHandler attachTo(ConfigRegistry config, Object target) {
    return AttachedUnitMethod.of(this, method.attachTo(config, target), config);
  }

  /** Is called by an older Jdbi. */
  public Object invoke(HandleSupplier handles, Object target, Object... args) throws Exception {
    return call(
        handles, handles.getConfig(), args, () -> OlderJdbi.invoke(method, handles, target, args));
  }

  /** Is called by an older Jdbi. */
  public void warm(ConfigRegistry config) {
    OlderJdbi.warm(method, config);
  }

  Object call(
      HandleSupplier handles, ConfigRegistry config, @Nullable Object @Nullable [] args, Call call)
      throws Exception {
    UnitOptions configured = config.get(UnitOptions.class);
    WorkOptions options = marks.over(configured);
    List<Object> oneShots = BatchRows.ONE_SHOTS.in(args);
    boolean once = !oneShots.isEmpty();
    if (once) {
      configured.useUpTransaction();
      // this is for the units around this one, whose next run may be given the same object
      units.given(oneShots);
    }
    // Jdbi reads a chunk of the arguments before it begins the chunk's transaction, and that
    // transaction is a unit itself. So the method as a whole is none.
    if (once && marks.batch()) {
      return byChunks(configured, args, call);
    }
    if (!(marks.statement() || options.readOnly() || options.idempotent())) {
      return call.make();
    }
    return once
        ? units.runOnce(handles.getHandle(), options, handle -> call.make())
        : units.run(handles.getHandle(), options, handle -> call.make());
  }

  /**
   * Runs a batch, chunk by chunk. If a row contains a stream, it is read when the chunk is sent,
   * and is already at its end when the chunk is sent again; then the chunks can run only once.
   */
  private Object byChunks(UnitOptions configured, @Nullable Object @Nullable [] args, Call call)
      throws Exception {
    boolean before = configured.onceOnly(rows.holdOneShots(args));
    try {
      return call.make();
    } finally {
      configured.onceOnly(before);
    }
  }

  /** Goes on to the method itself. */
  interface Call {
    Object make() throws Exception;
  }
}
