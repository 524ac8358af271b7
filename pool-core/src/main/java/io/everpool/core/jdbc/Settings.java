package io.everpool.core.jdbc;

import java.sql.Connection;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.util.Objects;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * What JDBC's setters have changed in a session, and what a new connection had. The latter is read
 * once per connection and just before the first change, for reading may take a round trip; and
 * before the program gets the driver's own object, by which it may change it unseen. Used by the
 * session's owner only.
 *
 * <p>A little long, because each way in which a setting may change is noted here.
 */
final class Settings {
  private static final Setting[] ALL = Setting.values();

  /** Stands in place of a value that nobody knows. */
  private static final Object UNKNOWN = new Object();

  /** Stands in place of a new connection's value that the reset of what SQL has set brings back. */
  private static final Object CLEARED = new Object();

  private final Connection jdbc;

  /** Whether isolation and schema are told in each transaction, instead of being set. */
  private final boolean shared;

  private final @Nullable Object[] initial = new @Nullable Object[ALL.length];
  private final @Nullable Object[] current = new @Nullable Object[ALL.length];
  private int known;
  private int changed;

  /** Whether the setting that is being changed was as in a new connection before. */
  private boolean first;

  /** Whether the driver has said that it can't read client info, as one says that has none. */
  private boolean withoutClientInfo;

  /** The bits of settings that may have been changed past their setters: they are read first. */
  private int doubted;

  /** The bits of settings that are to be set back for a unit once no transaction is open. */
  private int owed;

  private int owedLevel;

  Settings(Connection jdbc, boolean shared) {
    this.jdbc = jdbc;
    this.shared = shared;
  }

  /** To be called before a change: reads what there is to restore. */
  void changing(Setting setting) throws SQLException {
    initial(setting);
    mark(setting);
  }

  private void mark(Setting setting) {
    first = !isChanged(setting);
    changed |= setting.bit;
    current[setting.index] = UNKNOWN;
  }

  /**
   * To be called after {@link #changing} if there is nothing to change because the driver doesn't
   * have it: what wasn't changed before isn't changed now, and isn't to be brought back.
   */
  void unchanged(Setting setting) {
    if (!first) {
      return;
    }
    changed &= ~setting.bit;
    Object before = initial[setting.index];
    if (before == UNKNOWN || before == CLEARED) {
      known &= ~setting.bit;
    }
  }

  /** The driver has said that it can't read client info. */
  void hasNoClientInfo() {
    withoutClientInfo = true;
  }

  /**
   * The client info could not be set. A driver that has none says so, here or when it was to be
   * read (DuckDB's), and names each piece or no piece. One that lacks only some of {@code several}
   * fails in the same words, but names just those, and has set the others.
   */
  void clientInfoFailed(SQLClientInfoException e, @Nullable Properties several) {
    if ((withoutClientInfo || Setting.isMissing(e)) && Setting.isWhole(e, several)) {
      unchanged(Setting.CLIENT_INFO);
    }
  }

  /** To be called after a change that went well. */
  void changed(Setting setting, @Nullable Object value) {
    setTo(setting, value);
    owed &= ~setting.bit; // the program wants the value that it sets itself
  }

  /**
   * Notes what is set now. A map is left to the driver, which has it until it is set back: if it
   * were kept here, too, its classes would stay, and their application with them, when the lease is
   * over. But where the driver can't be asked for it the session ends with the lease.
   */
  private void setTo(Setting setting, @Nullable Object value) {
    boolean left = setting == Setting.TYPE_MAP && !isUnreadable(setting);
    current[setting.index] = left ? UNKNOWN : value;
  }

  /**
   * Notes what is to be set back for a unit later, because the open transaction forbids it now.
   *
   * @param level the level before the unit; below 0 if the unit hasn't changed it
   */
  void owe(boolean readOnly, int level) {
    owed |= (readOnly ? Setting.READ_ONLY.bit : 0) | (level >= 0 ? Setting.ISOLATION.bit : 0);
    if (level >= 0) { // otherwise another unit's may be owed
      owedLevel = level;
    }
  }

  boolean owesAnything() {
    return owed != 0;
  }

  boolean owes(Setting setting) {
    return (owed & setting.bit) != 0;
  }

  private Object owed(Setting setting) {
    return setting == Setting.READ_ONLY ? (Object) false : (Object) owedLevel;
  }

  /** Sets back what is owed. Must be called outside of a transaction. */
  void payBack() throws SQLException {
    payBack(Setting.READ_ONLY);
    payBack(Setting.ISOLATION);
  }

  private void payBack(Setting setting) throws SQLException {
    if (!owes(setting)) {
      return;
    }
    Object value = owed(setting);
    if (value.equals(initial(setting))) {
      restore(setting);
    } else {
      changing(setting);
      write(setting, value);
      changed(setting, value);
    }
  }

  /**
   * Notes a value that can't be set any more, because the connection is lost. Returns false for
   * autocommit, unless it is set back to what a new connection has: setting it may commit.
   */
  boolean setAfterLoss(Setting setting, Object value) {
    if (setting == Setting.AUTO_COMMIT && !isUndoneBy(setting, value)) {
      return false;
    }
    unreadable(setting); // what is known of a new connection's value stays known
    changed(setting, value);
    return true;
  }

  /** Whether nobody knows what a new connection has of it. */
  boolean isUnreadable(Setting setting) {
    return initial[setting.index] == UNKNOWN;
  }

  /** Gives up restoring this one by its setter. */
  void unreadable(Setting setting) {
    remember(setting, UNKNOWN);
    mark(setting);
  }

  /**
   * Leaves restoring this one to the reset of what SQL has set, unless it is known what a new
   * connection has. That holds for this lease; in a later one the setting may be read again.
   */
  void cleared(Setting setting) {
    remember(setting, CLEARED);
  }

  /**
   * Whether a change of this one was left to the reset of what SQL has set. If it was only told in
   * each transaction there is nothing to reset.
   */
  boolean needsReset(Setting setting) {
    return isChanged(setting) && initial[setting.index] == CLEARED && !isSaid(setting);
  }

  /**
   * Whether only the reset can bring back something that {@link #become} would have to.
   *
   * @param level whether the level of isolation counts
   */
  boolean needsReset(SessionState state, boolean level) {
    for (Setting setting : ALL) {
      if (needsReset(setting) && !state.has(setting) && (level || setting != Setting.ISOLATION)) {
        return true;
      }
    }
    return false;
  }

  /** To be called before it may be changed past its setter: reads what there is to restore. */
  void read(Setting setting) throws SQLException {
    initial(setting);
  }

  /** Notes that it may have been changed past its setter: before it is restored it is looked at. */
  void doubt(Setting setting) {
    if (isKnown(setting)) {
      doubted |= setting.bit;
    }
  }

  /** Forgets what was set by its setter, for it may have been set otherwise since. */
  void forgetCurrent(Setting setting) {
    current[setting.index] = UNKNOWN;
  }

  /** Forgets what a rollback may have taken back. */
  void rolledBack() {
    for (Setting setting : ALL) {
      if (setting.slippery && isChanged(setting) && !isSaid(setting)) {
        current[setting.index] = UNKNOWN;
      }
    }
  }

  /** The value now; read from the connection only if neither a setter nor a reading told it. */
  @Nullable Object get(Setting setting) throws SQLException {
    if (!isChanged(setting)) {
      return initial(setting);
    }
    Object value = current[setting.index];
    return value == UNKNOWN ? setting.reader.read(jdbc) : value;
  }

  /** Whether this value is what a new connection has, and it was changed to another. */
  boolean isUndoneBy(Setting setting, Object value) {
    return isChanged(setting) && value.equals(initial[setting.index]);
  }

  /** Keeps autocommit from being set back: that would mean to commit what was lost. */
  void forgetAutoCommit() {
    initial[Setting.AUTO_COMMIT.index] = UNKNOWN;
    current[Setting.AUTO_COMMIT.index] = UNKNOWN;
  }

  /** What {@link #get} returns, if the connection can't be asked any more; null if unknown. */
  @Nullable Object remembered(Setting setting) {
    Object value =
        isChanged(setting)
            ? current[setting.index]
            : isKnown(setting) ? initial[setting.index] : null;
    return value == UNKNOWN || value == CLEARED ? null : value;
  }

  /** Brings one back to what a new connection has; costs no round trip if it is so already. */
  void restore(Setting setting) throws SQLException {
    if ((doubted & setting.bit) != 0) {
      look(setting);
    }
    owed &= ~setting.bit;
    if (!isChanged(setting)) {
      return;
    }
    int index = setting.index;
    Object target = initial[index];
    if (target == UNKNOWN) {
      if (setting == Setting.TYPE_MAP) {
        current[index] = UNKNOWN; // the session is closed, but its slot may have it for long
      }
      throw new SQLException("What " + setting + " was at first could not be read", "HY000");
    }
    if (target != CLEARED && (setting.slippery || !same(current[index], target))) {
      writeIfNeeded(setting, target);
    }
    if (target == CLEARED) {
      known &= ~setting.bit;
    }
    changed &= ~setting.bit;
  }

  /**
   * Sets the value. A driver without the setter may not need it: a type map may only have been
   * read.
   */
  private void writeIfNeeded(Setting setting, @Nullable Object value) throws SQLException {
    try {
      write(setting, value);
      if (!shared || setting != Setting.CLIENT_INFO) { // shared: another server session may answer
        setting.requireNoMore(jdbc, value);
      }
    } catch (SQLException | RuntimeException | AbstractMethodError e) {
      if (!MissingMethods.isLacking(e) || !same(setting.reader.read(jdbc), value)) {
        throw e;
      }
    }
  }

  private void look(Setting setting) throws SQLException {
    int index = setting.index;
    doubted &= ~setting.bit;
    if (initial[index] != UNKNOWN && initial[index] != CLEARED) {
      Object now = setting.reader.read(jdbc);
      setTo(setting, now);
      if (!same(now, initial[index])) {
        changed |= setting.bit;
      }
    }
  }

  /** Brings all of them back. */
  void restore() throws SQLException {
    for (Setting setting : ALL) {
      restore(setting);
    }
  }

  /**
   * What has been changed and may have to be carried to another session.
   *
   * @param unlimited as {@link SessionState#unlimited}
   */
  SessionState state(boolean unlimited) throws SQLException {
    @Nullable Object[] values = new @Nullable Object[ALL.length];
    for (Setting setting : ALL) {
      if (isChanged(setting)) {
        values[setting.index] = owes(setting) ? owed(setting) : get(setting);
      }
    }
    return new SessionState(unlimited, changed, values);
  }

  /** Makes the settings those of {@code state}. Must be called outside of a transaction. */
  void become(SessionState state) throws SQLException {
    for (Setting setting : ALL) {
      if (setting != Setting.AUTO_COMMIT) {
        become(setting, state);
      }
    }
    become(Setting.AUTO_COMMIT, state); // last: while it is off, the others may begin a transaction
  }

  private void become(Setting setting, SessionState state) throws SQLException {
    int index = setting.index;
    if ((doubted & setting.bit) != 0) {
      look(setting);
    }
    if (!state.has(setting)) {
      if (!needsReset(setting)) { // otherwise the end of the lease has to bring it back
        restore(setting);
      }
    } else if (!isChanged(setting) || !same(current[index], state.values[index])) {
      changing(setting);
      write(setting, state.values[index]);
      changed(setting, state.values[index]);
    } else {
      owed &= ~setting.bit;
    }
  }

  private void write(Setting setting, @Nullable Object value) throws SQLException {
    if (!isSaid(setting)) {
      setting.writer.write(jdbc, value);
    }
  }

  /** Whether it is told in each transaction instead of being set. */
  private boolean isSaid(Setting setting) {
    return shared && (setting == Setting.ISOLATION || setting == Setting.SCHEMA);
  }

  /** Whether a setting is changed with which a transaction can be begun. */
  boolean changesTransactions() {
    return isChanged(Setting.ISOLATION) || isChanged(Setting.SCHEMA);
  }

  boolean isChanged(Setting setting) {
    return (changed & setting.bit) != 0;
  }

  private @Nullable Object initial(Setting setting) throws SQLException {
    if (!isKnown(setting)) {
      remember(setting, setting.reader.read(jdbc));
    }
    return initial[setting.index];
  }

  private void remember(Setting setting, @Nullable Object value) {
    if (!isKnown(setting)) {
      initial[setting.index] = value;
      known |= setting.bit;
    }
  }

  private boolean isKnown(Setting setting) {
    return (known & setting.bit) != 0;
  }

  private static boolean same(@Nullable Object a, @Nullable Object b) {
    return a != UNKNOWN && Objects.equals(a, b);
  }
}
