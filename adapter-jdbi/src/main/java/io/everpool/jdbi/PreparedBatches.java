package io.everpool.jdbi;

import java.sql.PreparedStatement;
import org.jdbi.v3.core.statement.Binding;
import org.jdbi.v3.core.statement.StatementContext;
import org.jdbi.v3.core.statement.StatementCustomizer;
import org.jspecify.annotations.Nullable;

/**
 * Tells units of the batches that they execute. Jdbi forgets a batch's rows when it was executed,
 * all but the last if that failed; and of one that wasn't it keeps those that a failed run has
 * added. So a run doesn't find a batch from before it as the first run did.
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

  /** No other statement binds its values in a way of its own; its type says only a newer Jdbi. */
  private static boolean isOfBatch(StatementContext context) {
    return context.getBinding().getClass() != Binding.class;
  }
}
