package io.everpool.core.jdbc;

import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolSnapshot.Holder;
import java.lang.ref.WeakReference;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * What was found out for one caller who got no connection, and is told to all who get none within
 * the next moment: of the pool, and nothing of himself.
 *
 * @param why as for one who holds nothing
 * @param held what was held when it was found out
 * @param at when that was, on the pool's clock
 * @param failure the last connect's by then; null if there was none. It isn't kept by this, for it
 *     keeps the classes on its stack
 * @param advice what to do about it
 * @param adviceWhileEntangled the same where all holders wait
 * @param explained {@link PoolSnapshot#explain()}
 */
record Explanation(
    Exhaustion why,
    HeldSnapshot held,
    long at,
    @Nullable WeakReference<SQLException> failure,
    String advice,
    String adviceWhileEntangled,
    String explained) {

  /** What a caller is told. */
  record Told(PoolSnapshot pool, String text) {}

  static Explanation of(
      Exhaustion why, HeldSnapshot held, long at, @Nullable SQLException failure) {
    return new Explanation(
        why,
        held,
        at,
        failure == null ? null : new WeakReference<>(failure),
        Advice.forWaiting(why.as(why.pool(), false)),
        Advice.forWaiting(why.as(why.pool(), true)),
        why.pool().explain());
  }

  /** Whether that is the last connect's failure still, or none is. */
  boolean isOf(@Nullable SQLException last) {
    return failure == null ? last == null : last != null && failure.refersTo(last);
  }

  /** For one who holds nothing. */
  Told toStranger(boolean entangled) {
    return new Told(why.pool(), (entangled ? adviceWhileEntangled : advice) + "\n" + explained);
  }

  /**
   * For one who holds something, or did.
   *
   * @param caller his thread, as snapshots have it
   * @param own the pool's state with what he holds now
   */
  Told toHolder(String caller, PoolSnapshot own, boolean entangled) {
    String text = Advice.forWaiting(why.as(own, entangled), caller) + "\n" + own.explain();
    StringBuilder all = new StringBuilder(text);
    for (Holder holder : own.holders()) {
      if (holder.thread().equals(caller) && !text.contains("\n  " + holder)) {
        all.append("\n  and this thread's: ").append(holder); // who has only just got it
        break;
      }
    }
    return new Told(own, all.toString());
  }
}
