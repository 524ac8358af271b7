package io.everpool.jdbi;

import java.lang.reflect.Method;
import org.jdbi.v3.core.extension.ExtensionHandler;
import org.jdbi.v3.core.extension.ExtensionHandlerCustomizer;

/**
 * Makes methods of SqlObjects units of work: those that are a statement, and those that are marked.
 * An unmarked method of another kind may contain several transactions, and each of them is a better
 * unit than all together.
 */
final class UnitMethodCustomizer implements ExtensionHandlerCustomizer {
  private final HandleUnits units;

  UnitMethodCustomizer(HandleUnits units) {
    this.units = units;
  }

  @Override
  public ExtensionHandler customize(ExtensionHandler handler, Class<?> type, Method method) {
    return new UnitMethod(units, UnitMarks.of(type, method), new BatchRows(type, method), handler);
  }
}
