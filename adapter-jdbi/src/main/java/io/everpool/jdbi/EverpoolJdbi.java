package io.everpool.jdbi;

import io.everpool.api.Pool;
import io.everpool.api.WorkOptions;
import org.jdbi.v3.core.Jdbi;

/**
 * The entry to Jdbi over a pool.
 *
 * <pre>{@code
 * Jdbi jdbi = EverpoolJdbi.create(pool);
 * jdbi.useTransaction(handle -> handle.execute("insert into note (text) values (?)", text));
 * List<String> notes = EverpoolJdbi.readOnly(jdbi).withHandle(
 *     handle -> handle.createQuery("select text from note").mapTo(String.class).list());
 * }</pre>
 *
 * <p>These are rerun when the connection breaks, or when a transaction has lost a race:
 *
 * <ul>
 *   <li>a transaction ({@code inTransaction} and {@code useTransaction} of Jdbi and Handle,
 *       SqlObject's {@code @Transaction}), as long as its COMMIT has not been sent or is known to
 *       have failed;
 *   <li>the whole callback of {@code withHandle}, {@code useHandle} and {@code useTransaction},
 *       marked or not, as long as nothing that it has sent can be there for good. That is so up to
 *       the first COMMIT, or the first statement in autocommit, by which something may have been
 *       written;
 *   <li>a callback or a SqlObject's method that was marked as only reading or as idempotent,
 *       whatever it has sent.
 * </ul>
 *
 * <p>A callback may therefore run several times. What it does outside of the database should bear
 * that, and an iterator or a stream that it reads has to be made within it: if a run gives a
 * SqlObject's method the very iterator or stream that the run before has given it, the run ends
 * there, and the callback fails as it did before. A SqlObject's method that is given one runs once.
 * But each chunk of a {@code @SqlBatch} is a transaction, and its rows are kept for its reruns,
 * unless a row may contain an iterator or a stream. A {@code PreparedBatch} that a callback
 * executes has to be prepared within it, too, because Jdbi forgets a batch's rows when it executes
 * the batch: a callback that executes a batch from before runs once.
 *
 * <p>Each run of a callback is on the thread that has called Jdbi. The objects that this class
 * makes are as thread-safe as Jdbi's own: a {@code Jdbi} and {@link Units} are for any number of
 * threads, a handle is for one.
 */
public final class EverpoolJdbi {

  private EverpoolJdbi() {}

  /**
   * Makes a Jdbi whose handles take their connections from {@code pool}, with {@link
   * EverpoolPlugin}.
   */
  public static Jdbi create(Pool pool) {
    return Jdbi.create(pool::getConnection).installPlugin(new EverpoolPlugin(pool));
  }

  /**
   * Makes a Jdbi that only reads, for a pool that has {@link io.everpool.api.PoolConfig#readers()}:
   * its handles take their connections from {@link Pool#reader()}, and its units are rerun whole
   * whenever their connection breaks, on another reader if need be. If the pool has no readers, it
   * reads from the pool's own database. SqlObject's {@code @Transaction} methods should say {@code
   * readOnly = true}: if one doesn't, Jdbi refuses it when another such method calls it.
   *
   * <p>A handle uses a reader from its opening on, or never: what becomes read-only later ({@link
   * #readOnly}, {@link ReadOnly}, {@code @Transaction(readOnly = true)}, {@code setReadOnly}) stays
   * where its handle is, which with a Jdbi of {@link #create} is the writer. To see one's own
   * writes: {@code EverpoolJdbi.readOnly(reader).after(pool.position())}. If a transaction needs a
   * level of isolation that the reader's server doesn't have, its handle moves to a server that has
   * it.
   */
  public static Jdbi reader(Pool pool) {
    return Jdbi.create(pool.reader())
        .installPlugin(new EverpoolPlugin(pool))
        .configure(UnitOptions.class, options -> options.setReadOnly(true));
  }

  /**
   * Returns the same Jdbi for units that only read: their connections are set read-only meanwhile,
   * and they are rerun whole whenever their connection breaks.
   *
   * @throws IllegalArgumentException if the Jdbi has no {@link EverpoolPlugin}
   */
  public static Units readOnly(Jdbi jdbi) {
    requireInstalled(jdbi);
    return new Units(jdbi, WorkOptions.READ_ONLY, null);
  }

  /**
   * Returns the same Jdbi for units that may be repeated even if they had their effect already;
   * they are rerun whole whenever their connection breaks.
   *
   * @throws IllegalArgumentException if the Jdbi has no {@link EverpoolPlugin}
   */
  public static Units idempotent(Jdbi jdbi) {
    requireInstalled(jdbi);
    return new Units(jdbi, WorkOptions.IDEMPOTENT, null);
  }

  private static void requireInstalled(Jdbi jdbi) {
    if (!jdbi.getConfig(UnitOptions.class).isInstalled()) {
      throw new IllegalArgumentException(
          "This Jdbi has no EverpoolPlugin, and would run nothing again: make it by"
              + " EverpoolJdbi.create(pool), or call jdbi.installPlugin(new EverpoolPlugin(pool))");
    }
  }
}
