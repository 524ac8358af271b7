package io.everpool.jdbi;

import io.everpool.api.WorkOptions;
import io.everpool.api.framework.OneShotArguments;
import java.time.Duration;
import org.jdbi.v3.core.config.JdbiConfig;
import org.jdbi.v3.postgres.PgLobApi;
import org.jspecify.annotations.Nullable;

/**
 * What is known about all units of work of a Jdbi; or, if it is set in a handle's configuration,
 * about the units that are begun on that handle later. For a Jdbi that only reads:
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

  /**
   * Whether the Jdbi already has an {@link EverpoolPlugin}. {@link #driverTypes} says whether with
   * driver types.
   */
  private boolean installed;

  private boolean driverTypes;

  /**
   * What {@link EverpoolPlugin} has set for large objects; if it is another object, somebody else
   * has set it.
   */
  private @Nullable PgLobApi lobs;

  /**
   * The transaction of the SqlObject's method that has this configuration. It isn't copied, because
   * a copy belongs to another method.
   */
  private HandleUnits.@Nullable Attempts<?, ?> transaction;

  /** Whether the transactions of that method can't run a second time. This isn't copied, either. */
  private boolean onceOnly;

  /**
   * How many runs of units had begun when this copy was made. A statement gets a copy when it is
   * made, so this tells when that was.
   */
  private long made;

  /** Makes options that say nothing. */
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
   * Sets whether units only read; their connections are set read-only meanwhile. The default is
   * false.
   *
   * <p>SqlObject's {@code @Transaction} methods should then say {@code readOnly = true}: if one
   * doesn't, Jdbi refuses it when another such method calls it.
   */
  public UnitOptions setReadOnly(boolean value) {
    readOnly = value;
    return this;
  }

  /**
   * Sets whether units may be repeated even if they had their effect already. The default is false.
   */
  public UnitOptions setIdempotent(boolean value) {
    idempotent = value;
    return this;
  }

  /**
   * Sets what logs and exceptions call units. With null, the default, a unit is called after what
   * it is: the SqlObject's method, or else {@code handle} or {@code transaction}.
   */
  public UnitOptions setLabel(@Nullable String value) {
    label = value;
    return this;
  }

  /**
   * Sets how long each unit may take. With null, the default, it may take as long as it needs.
   *
   * @see WorkOptions#withDeadline
   * @throws IllegalArgumentException if it isn't positive
   */
  public UnitOptions setDeadline(@Nullable Duration value) {
    deadline = WorkOptions.DEFAULT.withDeadline(value).deadline();
    return this;
  }

  /** What {@link #setReadOnly} has set. */
  public boolean isReadOnly() {
    return readOnly;
  }

  /** What {@link #setIdempotent} has set. */
  public boolean isIdempotent() {
    return idempotent;
  }

  /** What {@link #setLabel} has set; null if units are called after what they are. */
  public @Nullable String getLabel() {
    return label;
  }

  /** What {@link #setDeadline} has set; null if units may take as long as they need. */
  public @Nullable Duration getDeadline() {
    return deadline;
  }

  /** These options, for a unit that is called {@code what} unless a label was set. */
  WorkOptions of(String what) {
    return WorkOptions.DEFAULT
        .withReadOnly(readOnly)
        .withIdempotent(idempotent)
        .withLabel(label == null ? what : label)
        .withDeadline(deadline);
  }

  /**
   * These options together with what else is known of a unit, which is called {@code what} if that
   * isn't null.
   */
  WorkOptions with(WorkOptions known, @Nullable String what) {
    WorkOptions own = of(Units.LABEL);
    return known
        .withReadOnly(readOnly || known.readOnly())
        .withIdempotent(idempotent || known.idempotent())
        .withLabel(what == null ? own.label() : what)
        .withDeadline(deadline);
  }

  /** Notes that the plug-in is installed. Returns whether this is the first time. */
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

  /**
   * Notes that a transaction with this configuration begins. Returns the value to put back
   * afterwards.
   */
  HandleUnits.@Nullable Attempts<?, ?> transaction(HandleUnits.@Nullable Attempts<?, ?> value) {
    HandleUnits.Attempts<?, ?> before = transaction;
    transaction = value;
    return before;
  }

  /**
   * Sets whether transactions with this configuration can run only once. Returns the value before.
   */
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

  /**
   * Notes that the method whose transaction has begun, if one has, is given something that can be
   * read only once.
   */
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
