package io.everpool.core.jdbc;

import io.everpool.api.CommitOutcomeUnknownException;
import java.lang.ref.WeakReference;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * What a session keeps of its loss once its lease is over: the words, without the stack and the
 * causes. The failure itself is told again for as long as somebody else keeps it, as a program does
 * that rolls back before it throws it on.
 */
final class StacklessLoss extends SQLException {
  private static final long serialVersionUID = 1L;

  private final transient WeakReference<SQLException> failure;
  private final boolean commitUnknown;
  private final @Nullable String transactionId;

  private StacklessLoss(SQLException failure) {
    super(failure.getMessage(), failure.getSQLState(), failure.getErrorCode());
    this.failure = new WeakReference<>(failure);
    if (failure instanceof CommitOutcomeUnknownException unknown) {
      commitUnknown = true;
      transactionId = unknown.transactionId();
    } else {
      commitUnknown = false;
      transactionId = null;
    }
  }

  /** Only the words of it. */
  static SQLException of(SQLException loss) {
    return loss instanceof StacklessLoss ? loss : new StacklessLoss(loss);
  }

  /** The failure itself if somebody keeps it, otherwise its words. */
  static @Nullable SQLException whole(@Nullable SQLException loss) {
    if (loss instanceof StacklessLoss words) {
      SQLException failure = words.failure.get();
      return failure == null ? words : failure;
    }
    return loss;
  }

  /** Whether what was kept of a loss is of this failure. */
  @SuppressWarnings("ReferenceEquality") // two failures may say the same
  static boolean isOf(@Nullable SQLException loss, SQLException failure) {
    return whole(loss) == failure;
  }

  /** As {@link #whole}, if it says that nobody knows what became of a COMMIT; otherwise null. */
  static @Nullable CommitOutcomeUnknownException commitUnknown(@Nullable SQLException loss) {
    SQLException whole = whole(loss);
    if (whole instanceof StacklessLoss words && words.commitUnknown) {
      return new CommitOutcomeUnknownException(
          String.valueOf(words.getMessage()), words.transactionId, words);
    }
    return whole instanceof CommitOutcomeUnknownException unknown ? unknown : null;
  }

  /** Notes no stack: the JVM would keep the classes on it, and with them their application. */
  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
