package io.everpool.jdbi;

import io.everpool.api.WorkOptions;
import java.util.List;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.extension.AttachedExtensionHandler;
import org.jdbi.v3.core.extension.ExtensionHandler;
import org.jdbi.v3.core.extension.HandleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A method of a SqlObject, as a unit of work. Since 3.50 Jdbi attaches a handler to its object
 * first, before it handed the object to each call: this is both, and {@link OlderJdbi} is how the
 * latter is passed on.
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

  /** What an older Jdbi calls. */
  public Object invoke(HandleSupplier handles, Object target, Object... args) throws Exception {
    return call(
        handles, handles.getConfig(), args, () -> OlderJdbi.invoke(method, handles, target, args));
  }

  /** What an older Jdbi calls. */
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
      units.given(oneShots); // for the units around it, whose next run may be given the same
    }
    // Jdbi reads a chunk of the arguments before it begins its transaction, which is a unit itself
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

  /** A stream in a row is read when the chunk is sent, and at its end when it is sent again. */
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
