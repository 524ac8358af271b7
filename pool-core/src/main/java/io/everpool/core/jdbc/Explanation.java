package io.everpool.core.jdbc;

import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolSnapshot.Holder;
import java.lang.ref.WeakReference;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * What was found out for one caller who got no connection. All who get none within the next moment
 * are told it too, so it speaks of the pool and not of that caller.
 *
 * @param why the reason, as a caller sees it who holds nothing
 * @param held what was held when it was found out
 * @param at when that was, on the pool's clock
 * @param failure the failure of the last connect by then; null if there was none. The reference is
 *     weak because a failure keeps the classes on its stack
 * @param advice what to do about it
 * @param adviceWhileEntangled the advice if all holders wait
 * @param explained what {@link PoolSnapshot#explain()} said
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

  /** Whether {@code last} is still the same failure, or there is still none. */
  boolean isOf(@Nullable SQLException last) {
    return failure == null ? last == null : last != null && failure.refersTo(last);
  }

  /** What a caller is told who holds nothing. */
  Told toStranger(boolean entangled) {
    return new Told(why.pool(), (entangled ? adviceWhileEntangled : advice) + "\n" + explained);
  }

  /**
   * What a caller is told who holds something, or did so until just now.
   *
   * @param caller his thread, as snapshots name it
   * @param own the pool's state with what he holds now
   */
  Told toHolder(String caller, PoolSnapshot own, boolean entangled) {
    String text = Advice.forWaiting(why.as(own, entangled), caller) + "\n" + own.explain();
    StringBuilder all = new StringBuilder(text);
    for (Holder holder : own.holders()) {
      if (holder.thread().equals(caller) && !text.contains("\n  " + holder)) {
        all.append("\n  and this thread's: ").append(holder); // it got its connection only just now
        break;
      }
    }
    return new Told(own, all.toString());
  }
}
