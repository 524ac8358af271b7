package io.everpool.jdbi;

import io.everpool.api.Pool;
import io.everpool.api.WorkOptions;
import org.jdbi.v3.core.Jdbi;

/**
 * Where Jdbi over a pool begins.
 *
 * <pre>{@code
 * Jdbi jdbi = EverpoolJdbi.create(pool);
 * jdbi.useTransaction(handle -> handle.execute("insert into note (text) values (?)", text));
 * List<String> notes = EverpoolJdbi.readOnly(jdbi).withHandle(
 *     handle -> handle.createQuery("select text from note").mapTo(String.class).list());
 * }</pre>
 *
 * <p>What is rerun when the connection breaks: a transaction ({@code inTransaction} and {@code
 * useTransaction} of Jdbi and Handle, SqlObject's {@code @Transaction}) as long as its COMMIT has
 * not been sent or is known to have failed; a handle's callback or a SqlObject's method when it was
 * marked as reading only or as idempotent. A callback may therefore run several times: what it does
 * outside of the database should bear that.
 */
public final class EverpoolJdbi {

  private EverpoolJdbi() {}

  /** A Jdbi whose handles take their connections from {@code pool}, with {@link EverpoolPlugin}. */
  public static Jdbi create(Pool pool) {
    return Jdbi.create(pool::getConnection).installPlugin(new EverpoolPlugin(pool));
  }

  /**
   * The same Jdbi for units that only read: their connections are set read-only meanwhile, and they
   * are rerun whole whenever their connection breaks.
   */
  public static Units readOnly(Jdbi jdbi) {
    return new Units(jdbi, WorkOptions.READ_ONLY.withLabel(Units.LABEL));
  }

  /**
   * The same Jdbi for units that may be repeated even if they had their effect already; they are
   * rerun whole whenever their connection breaks.
   */
  public static Units idempotent(Jdbi jdbi) {
    return new Units(jdbi, WorkOptions.IDEMPOTENT.withLabel(Units.LABEL));
  }
}
