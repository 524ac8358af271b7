package io.everpool.jdbi;

import io.everpool.api.WorkOptions;
import io.everpool.api.framework.OneShotArguments;
import java.time.Duration;
import org.jdbi.v3.core.config.JdbiConfig;
import org.jdbi.v3.postgres.PgLobApi;
import org.jspecify.annotations.Nullable;

/**
 * What is known about all units of work of a Jdbi, or, where a handle's configuration is set, about
 * those begun on it later. For a Jdbi that only reads:
 *
 * <pre>{@code
 * jdbi.configure(UnitOptions.class, options -> options.setReadOnly(true));
 * }</pre>
 *
 * <p>For single units see {@link EverpoolJdbi#readOnly}, and {@link ReadOnly} and {@link
 * Idempotent} on SqlObjects. Thread-safe for reading, as every configuration of Jdbi is.
 */
public final class UnitOptions implements JdbiConfig<UnitOptions> {
  private boolean readOnly;
  private boolean idempotent;
  private @Nullable String label;
  private @Nullable Duration deadline;

  /** Whether the Jdbi has an {@link EverpoolPlugin} already; and whether with driver types. */
  private boolean installed;

  private boolean driverTypes;

  /** What {@link EverpoolPlugin} has set for large objects; nobody else should have set another. */
  private @Nullable PgLobApi lobs;

  /** Of the SqlObject's method that has this configuration; what is copied is another's. */
  private HandleUnits.@Nullable Attempts<?, ?> transaction;

  /** Whether the transactions of that method can't run a second time. Not copied, either. */
  private boolean onceOnly;

  /** How many runs of units had begun when this copy was made: for a statement, and so with it. */
  private long made;

  /** Nothing is known. */
  public UnitOptions() {}

  private UnitOptions(UnitOptions that) {
    readOnly = that.readOnly;
    idempotent = that.idempotent;
    label = that.label;
    deadline = that.deadline;
    installed = that.installed;
    driverTypes = that.driverTypes;
    lobs = that.lobs;
    made = HandleUnits.runsBegun();
  }

  /**
   * Whether units only read; their connections are set read-only meanwhile. Default: no.
   *
   * <p>SqlObject's {@code @Transaction} methods should then say {@code readOnly = true}: one that
   * doesn't is refused by Jdbi where another calls it.
   */
  public UnitOptions setReadOnly(boolean value) {
    readOnly = value;
    return this;
  }

  /** Whether units may be repeated even if they had their effect already. Default: no. */
  public UnitOptions setIdempotent(boolean value) {
    idempotent = value;
    return this;
  }

  /**
   * What logs and exceptions call units; null, the default, for what they are: the SqlObject's
   * method, or else {@code handle} or {@code transaction}.
   */
  public UnitOptions setLabel(@Nullable String value) {
    label = value;
    return this;
  }

  /**
   * How long each unit may take; null, the default, for as long as it likes.
   *
   * @see WorkOptions#withDeadline
   * @throws IllegalArgumentException if it isn't positive
   */
  public UnitOptions setDeadline(@Nullable Duration value) {
    deadline = WorkOptions.DEFAULT.withDeadline(value).deadline();
    return this;
  }

  /** As {@link #setReadOnly} has set it. */
  public boolean isReadOnly() {
    return readOnly;
  }

  /** As {@link #setIdempotent} has set it. */
  public boolean isIdempotent() {
    return idempotent;
  }

  /** As {@link #setLabel} has set it; null for what units are called by themselves. */
  public @Nullable String getLabel() {
    return label;
  }

  /** As {@link #setDeadline} has set it; null for as long as they like. */
  public @Nullable Duration getDeadline() {
    return deadline;
  }

  /** These, for a unit that is called {@code what} unless a label was set. */
  WorkOptions of(String what) {
    return WorkOptions.DEFAULT
        .withReadOnly(readOnly)
        .withIdempotent(idempotent)
        .withLabel(label == null ? what : label)
        .withDeadline(deadline);
  }

  /** These and what else is known of a unit, which is called {@code what} if that isn't null. */
  WorkOptions with(WorkOptions known, @Nullable String what) {
    WorkOptions own = of(Units.LABEL);
    return known
        .withReadOnly(readOnly || known.readOnly())
        .withIdempotent(idempotent || known.idempotent())
        .withLabel(what == null ? own.label() : what)
        .withDeadline(deadline);
  }

  /** The plug-in is installed. Returns whether this is the first time. */
  boolean install(boolean withDriverTypes) {
    boolean first = !installed;
    installed = true;
    driverTypes |= withDriverTypes;
    return first;
  }

  boolean isInstalled() {
    return installed;
  }

  boolean hasDriverTypes() {
    return driverTypes;
  }

  void lobs(PgLobApi value) {
    lobs = value;
  }

  @Nullable PgLobApi lobs() {
    return lobs;
  }

  /** A transaction with this configuration begins. Returns what to put back afterwards. */
  HandleUnits.@Nullable Attempts<?, ?> transaction(HandleUnits.@Nullable Attempts<?, ?> value) {
    HandleUnits.Attempts<?, ?> before = transaction;
    transaction = value;
    return before;
  }

  /** Transactions with this configuration can run once, or else again. Returns what was so. */
  boolean onceOnly(boolean value) {
    boolean before = onceOnly;
    onceOnly = value;
    return before;
  }

  boolean isOnceOnly() {
    return onceOnly;
  }

  long made() {
    return made;
  }

  /** The method whose transaction has begun, if one has, is given what can be read but once. */
  void useUpTransaction() {
    if (transaction != null) {
      transaction.useUp(OneShotArguments.BECAUSE);
    }
  }

  @Override
  public UnitOptions createCopy() {
    return new UnitOptions(this);
  }

  @Override
  public String toString() {
    return "UnitOptions[readOnly="
        + readOnly
        + ", idempotent="
        + idempotent
        + ", label="
        + label
        + ", deadline="
        + deadline
        + "]";
  }
}
