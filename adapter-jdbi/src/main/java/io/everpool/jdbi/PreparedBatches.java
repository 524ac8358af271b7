package io.everpool.jdbi;

import java.sql.PreparedStatement;
import org.jdbi.v3.core.statement.Binding;
import org.jdbi.v3.core.statement.StatementContext;
import org.jdbi.v3.core.statement.StatementCustomizer;
import org.jspecify.annotations.Nullable;

/**
 * Tells units which batches they execute. When a batch was executed, Jdbi forgets its rows; if that
 * failed, it keeps the last one. If a batch was not executed, Jdbi keeps the rows that a failed run
 * has added. So a batch that was prepared before a run isn't the same for this run as it was for
 * the first one.
 */
final class PreparedBatches implements StatementCustomizer {
  private final HandleUnits units;

  PreparedBatches(HandleUnits units) {
    this.units = units;
  }

  @Override
  public void beforeTemplating(@Nullable PreparedStatement statement, StatementContext context) {
    if (isOfBatch(context)) {
      long made = context.getConfig(UnitOptions.class).made();
      units.executesBatch(context.getConnection(), made);
    }
  }

  /**
   * Whether the statement is a batch. Only a batch has a binding class of its own; the type of a
   * statement is told only by a newer Jdbi.
   */
  private static boolean isOfBatch(StatementContext context) {
    return context.getBinding().getClass() != Binding.class;
  }
}
