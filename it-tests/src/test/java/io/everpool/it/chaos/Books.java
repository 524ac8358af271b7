package io.everpool.it.chaos;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.api.driver.Causes;
import io.everpool.api.observe.PoolEvent;
import java.sql.SQLException;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What an application was told of its work, in one round. Thread-safe. */
final class Books {

  /**
   * Nobody knows whether this was done.
   *
   * @param transaction the transaction's id on the server, as far as it was said
   * @param crashed whether the server crashed while it ran
   */
  record Unknown(@Nullable String transaction, boolean crashed, String message) {}

  /** Transfers of which the application was told that they are done. */
  final Set<Long> acknowledged = ConcurrentHashMap.newKeySet();

  /** Those that failed, by an exception that doesn't say that they may be done nevertheless. */
  final Map<Long, String> refused = new ConcurrentHashMap<>();

  final Map<Long, Unknown> unknown = new ConcurrentHashMap<>();

  /** Writes in autocommit, by plain JDBC, that were acknowledged. */
  final Set<Long> noted = ConcurrentHashMap.newKeySet();

  /** Those that met an exception: nobody knows. */
  final Set<Long> noteFailed = ConcurrentHashMap.newKeySet();

  /** Writes that may be repeated, acknowledged. */
  final Set<Long> seen = ConcurrentHashMap.newKeySet();

  /** COMMITs whose answer was lost, and what the server said of them then. */
  final Queue<PoolEvent.CommitResolved> lookedUp = new ConcurrentLinkedQueue<>();

  final LongAdder reads = new LongAdder();
  final LongAdder wrongReads = new LongAdder();

  /** Errors that the application saw, by what was done and what was thrown. */
  final Map<String, LongAdder> errors = new ConcurrentHashMap<>();

  void failed(long id, Exception failure, boolean crashed) {
    Throwable found = Causes.first(failure, Books::isUnknown);
    if (found == null) {
      refused.put(id, chain(failure));
    } else {
      String transaction =
          found instanceof CommitOutcomeUnknownException e ? e.transactionId() : null;
      unknown.put(id, new Unknown(transaction, crashed, chain(found)));
    }
  }

  private static boolean isUnknown(Throwable failure) {
    return failure instanceof CommitOutcomeUnknownException
        || failure instanceof WriteOutcomeUnknownException;
  }

  void error(String what, Exception failure) {
    errors.computeIfAbsent(what + ": " + kind(failure), kind -> new LongAdder()).increment();
  }

  /** The innermost SQLState says most. */
  private static String kind(Throwable failure) {
    String kind = failure.getClass().getSimpleName();
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (at instanceof SQLException sql) {
        kind = at.getClass().getSimpleName() + " " + sql.getSQLState();
        if (isUnknown(at)) {
          return kind;
        }
      }
    }
    return kind;
  }

  private static String chain(Throwable failure) {
    StringBuilder text = new StringBuilder();
    for (Throwable at = failure; at != null; at = at.getCause()) {
      text.append(text.length() == 0 ? "" : " <- ").append(at);
      for (Throwable suppressed : at.getSuppressed()) {
        text.append(" [").append(suppressed).append(']');
      }
    }
    return text.toString();
  }

  Map<String, Long> errorCounts() {
    Map<String, Long> counts = new TreeMap<>();
    errors.forEach((kind, count) -> counts.put(kind, count.sum()));
    return counts;
  }
}
