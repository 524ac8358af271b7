package io.everpool.jdbi;

import java.lang.reflect.Method;
import org.jdbi.v3.core.extension.ExtensionHandler;
import org.jdbi.v3.core.extension.ExtensionHandlerCustomizer;

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
    return new UnitMethod(units, UnitMarks.of(type, method), new BatchRows(type, method), handler);
  }
}
