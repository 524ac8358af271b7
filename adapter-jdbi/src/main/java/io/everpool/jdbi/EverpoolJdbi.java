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
 * <p>What is rerun when the connection breaks, or a transaction has lost a race: a transaction
 * ({@code inTransaction} and {@code useTransaction} of Jdbi and Handle, SqlObject's
 * {@code @Transaction}) as long as its COMMIT has not been sent or is known to have failed; but the
 * whole callback of {@code withHandle}, {@code useHandle} and {@code useTransaction}, marked or
 * not, as long as nothing that it has sent can be there for good, which is so up to the first
 * COMMIT or statement in autocommit by which something may have been written; and a callback or a
 * SqlObject's method that was marked as reading only or as idempotent whatever it has sent. A
 * callback may therefore run several times: what it does outside of the database should bear that,
 * and an iterator or a stream that it reads has to be made in it: a run that gives a SqlObject's
 * method the very iterator or stream that the run before has given it ends there, and the callback
 * fails as it did before. A SqlObject's method that is given one runs once; but of a
 * {@code @SqlBatch} each chunk is a transaction, whose rows are kept for its reruns, unless a row
 * may have an iterator or a stream in it. A {@code PreparedBatch} that a callback executes has to
 * be prepared in it, too, for Jdbi forgets the rows then: with one from before it runs once.
 *
 * <p>Each run of a callback is on the thread that has called Jdbi. What is made here is as
 * thread-safe as Jdbi itself: a {@code Jdbi} and {@link Units} are for any number of threads, a
 * handle is for one.
 */
public final class EverpoolJdbi {

  private EverpoolJdbi() {}

  /** A Jdbi whose handles take their connections from {@code pool}, with {@link EverpoolPlugin}. */
  public static Jdbi create(Pool pool) {
    return Jdbi.create(pool::getConnection).installPlugin(new EverpoolPlugin(pool));
  }

  /**
   * A Jdbi that only reads, for a pool that has {@link io.everpool.api.PoolConfig#readers()}: its
   * handles take their connections from {@link Pool#reader()}, and its units are rerun whole
   * whenever their connection breaks, on another reader if need be. With a pool that has none it
   * reads from the same database. SqlObject's {@code @Transaction} methods should say {@code
   * readOnly = true}: one that doesn't is refused by Jdbi where another calls it.
   *
   * <p>A handle is on a reader from its opening on, or never: what becomes read-only later ({@link
   * #readOnly}, {@link ReadOnly}, {@code @Transaction(readOnly = true)}, {@code setReadOnly}) stays
   * where its handle is, which with a Jdbi of {@link #create} is the writer. To see one's own
   * writes: {@code EverpoolJdbi.readOnly(reader).after(pool.position())}. A transaction at a level
   * of isolation at which the reader's server runs none takes its handle to one that does.
   */
  public static Jdbi reader(Pool pool) {
    return Jdbi.create(pool.reader())
        .installPlugin(new EverpoolPlugin(pool))
        .configure(UnitOptions.class, options -> options.setReadOnly(true));
  }

  /**
   * The same Jdbi for units that only read: their connections are set read-only meanwhile, and they
   * are rerun whole whenever their connection breaks.
   *
   * @throws IllegalArgumentException if the Jdbi has no {@link EverpoolPlugin}
   */
  public static Units readOnly(Jdbi jdbi) {
    requireInstalled(jdbi);
    return new Units(jdbi, WorkOptions.READ_ONLY, null);
  }

  /**
   * The same Jdbi for units that may be repeated even if they had their effect already; they are
   * rerun whole whenever their connection breaks.
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
