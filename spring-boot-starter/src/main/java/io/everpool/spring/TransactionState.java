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
 * What units of work have to know of a Spring transaction on the thread, and the transaction of
 * them. The units have to know whether the transaction is over while Spring still tells others of
 * its commit: what they write on its connection then, nobody would commit. The transaction has to
 * know whether a unit that was a part of it has failed: then one half of the unit must not be there
 * for good.
 *
 * <p>The state belongs to the transaction's connection, and is not only one of the thread's
 * synchronizations: Spring sets those aside while another manager's transaction runs within this
 * one, and even then a unit may be a part of this one.
 */
final class TransactionState implements TransactionSynchronization {

  /** The states of the transactions that the thread is in; the keys are compared by identity. */
  private static final ThreadLocal<Map<ConnectionHolder, TransactionState>> states =
      ThreadLocal.withInitial(WeakHashMap::new);

  private final @Nullable SpringPool pool;

  /**
   * Whether the transaction's manager says when it is about to commit; if it doesn't, it may be too
   * late to refuse.
   */
  private final boolean heard;

  private final List<Object> savepoints = new ArrayList<>();

  /**
   * The reasons not to commit, of which each came after another savepoint. While there is one, the
   * transaction must not be committed.
   */
  private final List<Refusal> refusals = new ArrayList<>();

  private boolean past;

  /** After so many savepoints a unit has failed, of which one half is there. */
  private record Refusal(int savepoints, String label, Throwable failure) {}

  private TransactionState(@Nullable SpringPool pool, boolean heard) {
    this.pool = pool;
    this.heard = heard;
  }

  /** The state of the transaction on this connection; null if nobody has told of its beginning. */
  static @Nullable TransactionState of(ConnectionHolder holder) {
    return states.get().get(holder);
  }

  /**
   * Notes that a transaction has begun on this connection; the same holder may have served another
   * transaction before.
   */
  static void begin(ConnectionHolder holder, boolean heard) {
    TransactionState state = new TransactionState(pool(holder), heard);
    states.get().put(holder, state);
    TransactionSynchronizationManager.registerSynchronization(state);
  }

  /**
   * The pool to which the connection may belong, judged by the data source for which it is bound.
   */
  private static @Nullable SpringPool pool(ConnectionHolder holder) {
    for (Map.Entry<Object, Object> each :
        TransactionSynchronizationManager.getResourceMap().entrySet()) {
      if (each.getValue() == holder && each.getKey() instanceof DataSource bound) {
        return poolIn(bound);
      }
    }
    return null;
  }

  /**
   * The pool in a data source. A data source that routes answers for its target of this moment, and
   * may have none.
   */
  static @Nullable SpringPool poolIn(DataSource dataSource) {
    try {
      return dataSource.isWrapperFor(SpringPool.class) ? dataSource.unwrap(SpringPool.class) : null;
    } catch (SQLException | RuntimeException e) {
      return null;
    }
  }

  /** The pool for which the transaction was begun; null if that isn't one of ours. */
  @Nullable SpringPool pool() {
    return pool;
  }

  /** Whether the transaction was committed. */
  boolean isPast() {
    return past;
  }

  /** Notes that a unit that was a part of the transaction has failed. */
  void refuse(String label, Throwable failure) {
    int made = savepoints.size();
    if (refusals.isEmpty() || refusals.get(refusals.size() - 1).savepoints() < made) {
      refusals.add(new Refusal(made, label, failure));
    }
  }

  /**
   * Throws if the transaction must not be committed. The exception isn't one of Spring's own: after
   * those Spring takes the rollback for done.
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

  // ---- called by Spring

  /** This is told of the commit before all others. */
  @Override
  public int getOrder() {
    return Ordered.HIGHEST_PRECEDENCE;
  }

  @Override
  public void savepoint(Object savepoint) {
    savepoints.add(savepoint);
  }

  /** Forgets the failures after this savepoint, because what they have left is undone. */
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
