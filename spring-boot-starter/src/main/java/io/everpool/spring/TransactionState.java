package io.everpool.spring;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * What units of work have to know of a Spring transaction on the thread, and it of them: whether it
 * is over while Spring still tells others of its commit, for what they write on its connection then
 * nobody would commit; and whether a unit that was a part of it has failed, for half of that must
 * not be there for good.
 *
 * <p>Kept by the transaction's connection, and not among the thread's synchronizations alone: those
 * are set aside while another manager's transaction is within this one, and a unit may be a part of
 * this one even then.
 */
final class TransactionState implements TransactionSynchronization {

  /** Of the transactions that the thread is in; keys are compared by identity. */
  private static final ThreadLocal<Map<ConnectionHolder, TransactionState>> states =
      ThreadLocal.withInitial(WeakHashMap::new);

  private final @Nullable SpringPool pool;

  /** Whether its manager says when it is about to commit; else it may be too late to refuse. */
  private final boolean heard;

  private final List<Object> savepoints = new ArrayList<>();

  /** Each after another savepoint than the last; there is a reason not to commit while any is. */
  private final List<Refusal> refusals = new ArrayList<>();

  private boolean past;

  /** Half of a unit is there from the so manieth savepoint on. */
  private record Refusal(int savepoints, String label, Throwable failure) {}

  private TransactionState(@Nullable SpringPool pool, boolean heard) {
    this.pool = pool;
    this.heard = heard;
  }

  /** The one on this connection; null if nobody has said that it has begun. */
  static @Nullable TransactionState of(ConnectionHolder holder) {
    return states.get().get(holder);
  }

  /** A transaction has begun on this connection; a holder may have served another before. */
  static void begin(ConnectionHolder holder, boolean heard) {
    TransactionState state = new TransactionState(pool(holder), heard);
    states.get().put(holder, state);
    TransactionSynchronizationManager.registerSynchronization(state);
  }

  /** Whose connection it may be, by the data source that it is bound for. */
  private static @Nullable SpringPool pool(ConnectionHolder holder) {
    for (Map.Entry<Object, Object> each :
        TransactionSynchronizationManager.getResourceMap().entrySet()) {
      if (each.getValue() == holder && each.getKey() instanceof DataSource bound) {
        return poolIn(bound);
      }
    }
    return null;
  }

  /** One that routes answers by what it is asked for just now, and may have no answer. */
  static @Nullable SpringPool poolIn(DataSource dataSource) {
    try {
      return dataSource.isWrapperFor(SpringPool.class) ? dataSource.unwrap(SpringPool.class) : null;
    } catch (SQLException | RuntimeException e) {
      return null;
    }
  }

  /** The pool that it was begun for; null if that wasn't one of ours. */
  @Nullable SpringPool pool() {
    return pool;
  }

  /** Whether it has been committed. */
  boolean isPast() {
    return past;
  }

  /** A unit that was a part of it has failed. */
  void refuse(String label, Throwable failure) {
    int made = savepoints.size();
    if (refusals.isEmpty() || refusals.get(refusals.size() - 1).savepoints() < made) {
      refusals.add(new Refusal(made, label, failure));
    }
  }

  /**
   * Throws if it must not be committed. Not one of Spring's own exceptions: after these it takes
   * the rollback for done.
   */
  void checkCommit() {
    if (!refusals.isEmpty()) {
      Refusal first = refusals.get(0);
      throw new IllegalStateException(
          "The transaction is rolled back: "
              + first.label()
              + " was a part of it and has failed, and the failure was caught or isn't one that"
              + " @Transactional rolls back for",
          first.failure());
    }
  }

  // ---- told by Spring

  /** Before everybody else who is told of the commit. */
  @Override
  public int getOrder() {
    return Ordered.HIGHEST_PRECEDENCE;
  }

  @Override
  public void savepoint(Object savepoint) {
    savepoints.add(savepoint);
  }

  /** What has failed since is undone. */
  @Override
  public void savepointRollback(Object savepoint) {
    for (int i = 0; i < savepoints.size(); i++) {
      if (savepoints.get(i) == savepoint) {
        int before = i;
        refusals.removeIf(refusal -> refusal.savepoints() > before);
        savepoints.subList(i + 1, savepoints.size()).clear();
        return;
      }
    }
  }

  @Override
  public void beforeCommit(boolean readOnly) {
    if (!heard) {
      checkCommit();
    }
  }

  @Override
  public void afterCommit() {
    past = true;
  }

  @Override
  public void afterCompletion(int status) {
    states.get().values().remove(this);
  }
}
