package io.everpool.jdbi;

import io.everpool.api.WorkOptions;
import java.lang.reflect.Method;
import org.jdbi.v3.core.config.ConfigRegistry;
import org.jdbi.v3.core.extension.AttachedExtensionHandler;
import org.jdbi.v3.core.extension.ExtensionHandler;
import org.jdbi.v3.core.extension.ExtensionHandlerCustomizer;
import org.jdbi.v3.core.extension.HandleSupplier;

/**
 * Makes methods of SqlObjects units of work: those that are a statement, and those that are marked.
 * An unmarked method of other kind may hold several transactions, each of which is a better unit
 * than all of them.
 */
final class UnitMethodCustomizer implements ExtensionHandlerCustomizer {
  private final HandleUnits units;

  UnitMethodCustomizer(HandleUnits units) {
    this.units = units;
  }

  @Override
  public ExtensionHandler customize(ExtensionHandler handler, Class<?> type, Method method) {
    UnitMarks marks = UnitMarks.of(type, method);
    return (config, target) -> {
      WorkOptions options = marks.over(config.get(UnitOptions.class));
      AttachedExtensionHandler attached = handler.attachTo(config, target);
      return marks.statement() || options.readOnly() || options.idempotent()
          ? new UnitMethod(attached, options)
          : attached;
    };
  }

  private final class UnitMethod implements AttachedExtensionHandler {
    private final AttachedExtensionHandler method;
    private final WorkOptions options;

    UnitMethod(AttachedExtensionHandler method, WorkOptions options) {
      this.method = method;
      this.options = options;
    }

    @Override
    public Object invoke(HandleSupplier handles, Object... args) throws Exception {
      return units.run(handles.getHandle(), options, handle -> method.invoke(handles, args));
    }

    @Override
    public void warm(ConfigRegistry config) {
      method.warm(config);
    }
  }
}
