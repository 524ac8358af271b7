package io.everpool.jdbi;

import io.everpool.api.WorkOptions;
import org.jdbi.v3.core.HandleCallback;
import org.jdbi.v3.core.HandleConsumer;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.extension.ExtensionCallback;
import org.jdbi.v3.core.extension.ExtensionConsumer;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.jspecify.annotations.Nullable;

/**
 * A Jdbi whose units of work the caller knows something about; see {@link EverpoolJdbi#readOnly}
 * and {@link EverpoolJdbi#idempotent}. The methods are those of {@link Jdbi}. What the Jdbi's
 * {@link UnitOptions} say counts as well. Within another unit on the same thread they take part in
 * that unit, and what is known of that unit counts instead. Immutable and thread-safe.
 */
public final class Units {
  static final String LABEL = "handle";

  private final Jdbi jdbi;
  private final WorkOptions options;
  private final @Nullable String label;

  /**
   * @param options the options, without their label
   * @param label the label; null for the one that the Jdbi's {@link UnitOptions} have
   */
  Units(Jdbi jdbi, WorkOptions options, @Nullable String label) {
    this.jdbi = jdbi;
    this.options = options;
    this.label = label;
  }

  /** Returns the same with a name for logs and exceptions. */
  public Units labelled(String label) {
    return new Units(jdbi, options, label);
  }

  /**
   * Returns the same for units that see what was committed before {@link
   * io.everpool.api.Pool#position()} was asked, if the Jdbi is one of {@link EverpoolJdbi#reader};
   * see {@link WorkOptions#after}.
   */
  public Units after(@Nullable String position) {
    return new Units(jdbi, options.after(position), label);
  }

  /** Does what {@link Jdbi#withHandle} does; the whole callback is rerun. */
  public <R extends @Nullable Object, X extends Exception> R withHandle(
      HandleCallback<R, X> callback) throws X {
    return jdbi.withHandle(new MarkedCallback<>(options, label, callback));
  }

  /** Does what {@link Jdbi#useHandle} does; the whole callback is rerun. */
  public <X extends Exception> void useHandle(HandleConsumer<X> consumer) throws X {
    withHandle(consumer.asCallback());
  }

  /** Does what {@link Jdbi#inTransaction(HandleCallback)} does. */
  public <R extends @Nullable Object, X extends Exception> R inTransaction(
      HandleCallback<R, X> callback) throws X {
    return withHandle(handle -> handle.inTransaction(callback));
  }

  /** Does what {@link Jdbi#useTransaction(HandleConsumer)} does. */
  public <X extends Exception> void useTransaction(HandleConsumer<X> consumer) throws X {
    inTransaction(consumer.asCallback());
  }

  /** Does what {@link Jdbi#inTransaction(TransactionIsolationLevel, HandleCallback)} does. */
  public <R extends @Nullable Object, X extends Exception> R inTransaction(
      TransactionIsolationLevel level, HandleCallback<R, X> callback) throws X {
    return withHandle(handle -> handle.inTransaction(level, callback));
  }

  /** Does what {@link Jdbi#useTransaction(TransactionIsolationLevel, HandleConsumer)} does. */
  public <X extends Exception> void useTransaction(
      TransactionIsolationLevel level, HandleConsumer<X> consumer) throws X {
    inTransaction(level, consumer.asCallback());
  }

  /** Does what {@link Jdbi#withExtension} does; the whole callback is rerun. */
  public <R extends @Nullable Object, E, X extends Exception> R withExtension(
      Class<E> type, ExtensionCallback<R, E, X> callback) throws X {
    return withHandle(handle -> callback.withExtension(handle.attach(type)));
  }

  /** Does what {@link Jdbi#useExtension} does; the whole callback is rerun. */
  public <E, X extends Exception> void useExtension(Class<E> type, ExtensionConsumer<E, X> consumer)
      throws X {
    useHandle(handle -> consumer.useExtension(handle.attach(type)));
  }
}
