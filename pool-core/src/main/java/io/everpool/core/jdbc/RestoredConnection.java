package io.everpool.core.jdbc;

import java.sql.Connection;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.ShardingKey;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The setters of a connection. What they set is undone when the connection comes back; if that
 * can't be done, the connection is closed.
 *
 * <p>A little long, for JDBC has so many of them.
 */
abstract class RestoredConnection extends AskingConnection {

  RestoredConnection(Session session, long lease) {
    super(session, lease);
  }

  RestoredConnection() {}

  @Override
  public void setAutoCommit(boolean value) throws SQLException {
    if (isUndoneAfterLoss(Setting.AUTO_COMMIT, value)) {
      return;
    }
    UnitObserver observer = observer();
    if (value && observer != null && current().mayBeInTransaction() && !current().autoCommit()) {
      observer.commit(); // JDBC says that turning it on commits
      if (isUndoneAfterLoss(Setting.AUTO_COMMIT, true)) {
        return; // it is committed, though the connection is lost
      }
    }
    if (value && !commitsNothingAhead()) {
      return;
    }
    Settings settings = changing(Setting.AUTO_COMMIT);
    try {
      if (value && observer == null) {
        turnOn();
      } else {
        super.setAutoCommit(value);
      }
    } catch (SQLException | RuntimeException | AbstractMethodError e) {
      if (MissingMethods.isLacking(e)) {
        settings.unchanged(Setting.AUTO_COMMIT);
      }
      throw e;
    }
    settings.changed(Setting.AUTO_COMMIT, value);
    current().mayBeUnsettled();
    settleIfExposed();
    if (value) {
      current().settled();
    }
  }

  /** Where it is on already, a transaction that SQL has begun stays open. */
  private void turnOn() throws SQLException {
    boolean off = !current().saysAutoCommit();
    committing(() -> super.setAutoCommit(true));
    if (off) {
      requireEnded();
    }
  }

  /**
   * Ends a transaction that was begun ahead: turning autocommit on would commit it, and if that
   * COMMIT got no answer, it would be taken for one of the program's.
   *
   * @return false if the connection is lost and the call only sets autocommit back: then nothing is
   *     left to do
   */
  private boolean commitsNothingAhead() throws SQLException {
    try {
      endBegunAhead();
      return true;
    } catch (SQLException e) {
      if (current().settings().isUndoneBy(Setting.AUTO_COMMIT, true)
          && current().verdict(e).fatal()) {
        return false;
      }
      throw e;
    }
  }

  /** Answers after a loss as well: frameworks ask this between their COMMIT and setting it back. */
  @Override
  public boolean getAutoCommit() throws SQLException {
    return remembered(Setting.AUTO_COMMIT) instanceof Boolean known ? known : super.getAutoCommit();
  }

  @Override
  public boolean isReadOnly() throws SQLException {
    payBackOutside();
    return remembered(Setting.READ_ONLY) instanceof Boolean known ? known : super.isReadOnly();
  }

  /**
   * What was set when the session was lost; null if the session wasn't lost, or if the value isn't
   * known.
   */
  private @Nullable Object remembered(Setting setting) {
    Session s = session();
    Session lost = s == null ? lost() : s.loss == null ? null : s;
    return lost == null || lost.settings == null ? null : lost.settings.remembered(setting);
  }

  /**
   * If the session was lost, and the call may only set something back, notes the value as set and
   * returns true: the call doesn't fail, for the reason that {@link #change} gives. That goes for
   * autocommit as well, which every framework sets back first.
   */
  private boolean isUndoneAfterLoss(Setting setting, Object value) {
    Session lost = lost();
    return lost != null && lost.settings().setAfterLoss(setting, value);
  }

  @Override
  public void setReadOnly(boolean value) throws SQLException {
    if (isUndoneAfterLoss(Setting.READ_ONLY, value)) {
      return;
    }
    current().marks &= ~Session.SAID_READ_ONLY;
    change(Setting.READ_ONLY, value, () -> super.setReadOnly(value));
  }

  @Override
  public void setTransactionIsolation(int value) throws SQLException {
    if (isUndoneAfterLoss(Setting.ISOLATION, value)) {
      return;
    }
    if (current().isSharedByTransaction()) {
      change(Setting.ISOLATION, value, () -> checkIsolation(value));
    } else {
      change(Setting.ISOLATION, value, () -> super.setTransactionIsolation(value));
    }
  }

  /** Refuses what a driver would refuse. The server is told the level when a transaction begins. */
  private void checkIsolation(int value) throws SQLException {
    if (request(Session::inTransaction)) {
      throw new SQLException(
          "The level of isolation can't be changed within a transaction", "25001");
    }
    switch (value) {
      case TRANSACTION_READ_UNCOMMITTED,
          TRANSACTION_READ_COMMITTED,
          TRANSACTION_REPEATABLE_READ,
          TRANSACTION_SERIALIZABLE -> {}
      default -> throw new SQLException("There is no such level of isolation: " + value, "22023");
    }
  }

  /** A call of a setter. */
  private interface Setter {
    void call() throws SQLException;
  }

  private void set(Setting setting, @Nullable Object value, Setter setter) throws SQLException {
    Settings settings = changing(setting);
    call(settings, setting, true, setter);
    settings.changed(setting, value);
  }

  /**
   * Calls a setter. If the driver doesn't have it, nothing was set, and nothing has to be undone.
   * The same holds in a transaction that has failed, so that the earlier value couldn't be read
   * either: the server takes nothing in it.
   *
   * @param single whether there is one thing to set; of several a driver may have set some before a
   *     method of its own has thrown
   */
  private void call(Settings settings, Setting setting, boolean single, Setter setter)
      throws SQLException {
    try {
      setter.call();
    } catch (SQLException | RuntimeException | AbstractMethodError e) {
      Session s = session();
      boolean refused =
          e instanceof SQLException
              && settings.isUnreadable(setting)
              && s != null
              && s.transactionFailed();
      boolean lacking =
          MissingMethods.isLacking(e) && (single || !(e instanceof UnsupportedOperationException));
      if (refused || lacking) {
        settings.unchanged(setting);
      }
      throw e;
    }
  }

  /**
   * Calls the setter of read-only or of the level of isolation.
   *
   * <p>If the call brings back the first value and the connection is lost, the call doesn't fail:
   * nothing is left to undo, and whatever is done next fails. The reason is that frameworks set
   * these two back after their COMMIT; if that failed, they would tell the program that a
   * transaction has failed which is committed.
   *
   * <p>Nor does a call fail that sets another value, if no transaction is open and the connection
   * surely is dead. So it is the unit of work that meets the loss, which a framework begins next,
   * and it sets the value on another session.
   */
  private void change(Setting setting, Object value, Setter setter) throws SQLException {
    boolean undone = current().settings().isUndoneBy(setting, value);
    Settings settings;
    try {
      endBegunAhead();
      settings = changing(setting);
      call(settings, setting, true, setter);
    } catch (SQLException e) {
      if (current().verdict(e).fatal() && (undone || current().isDeadInNone())) {
        current().settings().setAfterLoss(setting, value);
        return;
      }
      throw e;
    }
    settings.changed(setting, value);
    if (setting == Setting.READ_ONLY || current().isSharedByTransaction()) {
      current().unsettled = true;
      settleIfExposed();
    }
  }

  /**
   * The level is known from the setter, or the driver is asked once per session: a driver may ask
   * the server each time, and frameworks ask before and after each transaction.
   */
  @Override
  public int getTransactionIsolation() throws SQLException {
    payBackOutside();
    if (remembered(Setting.ISOLATION) instanceof Integer known) {
      return known;
    }
    Session s = current();
    s.marks |= Session.ASKED;
    if (!s.levelMayBeSetUnseen() || request(SessionSettings::saysLevel)) {
      int known = request(r -> r.settings().get(Setting.ISOLATION) instanceof Integer i ? i : -1);
      if (known >= 0) {
        return known;
      }
    }
    requireNotHeldUp();
    return super.getTransactionIsolation();
  }

  @Override
  public void setCatalog(String value) throws SQLException {
    if (current().keepsCatalog()) {
      super.setCatalog(value); // it changes nothing, so nothing has to be set back
      return;
    }
    set(Setting.CATALOG, value, () -> super.setCatalog(value));
  }

  @Override
  public String getCatalog() throws SQLException {
    asking();
    return super.getCatalog();
  }

  @Override
  public void setSchema(String value) throws SQLException {
    if (current().isSharedByTransaction()) {
      endBegunAhead();
      if (request(Session::inTransaction)) {
        throw new SQLException("The schema can't be changed within a transaction here", "25001");
      }
      changing(Setting.SCHEMA).changed(Setting.SCHEMA, value);
      current().unsettled = true;
      settleIfExposed();
    } else {
      set(Setting.SCHEMA, value, () -> super.setSchema(value));
    }
  }

  /**
   * The schema that was set, if it holds only within transactions: outside the server has another.
   */
  @Override
  public String getSchema() throws SQLException {
    Session s = current();
    if (s.isSharedByTransaction()
        && s.settings().isChanged(Setting.SCHEMA)
        && s.settings().get(Setting.SCHEMA) instanceof String said) {
      return said;
    }
    asking();
    return super.getSchema();
  }

  @Override
  public void setHoldability(int value) throws SQLException {
    set(Setting.HOLDABILITY, value, () -> super.setHoldability(value));
  }

  @Override
  public void setNetworkTimeout(Executor executor, int millis) throws SQLException {
    set(Setting.NETWORK_TIMEOUT, millis, () -> super.setNetworkTimeout(executor, millis));
  }

  /** Lets statements take as long as they need until this is closed. */
  public final void liftCommandTimeout() throws SQLException {
    if (request(Session::liftCommandTimeout)) {
      setNetworkTimeout(Runnable::run, 0);
    }
  }

  @Override
  public void setTypeMap(Map<String, Class<?>> map) throws SQLException {
    set(Setting.TYPE_MAP, map, () -> super.setTypeMap(map));
  }

  /** The map may be the driver's own, and the program may put things into it. */
  @Override
  public Map<String, Class<?>> getTypeMap() throws SQLException {
    Map<String, Class<?>> map = super.getTypeMap(); // this comes first: it may throw
    changing(Setting.TYPE_MAP).changed(Setting.TYPE_MAP, map);
    return map;
  }

  /**
   * Returns a copy. Some drivers hand out the object that they keep: what the program puts into it
   * would be there in the next lease as well, or be gone when the driver next brings it up to date.
   */
  @Override
  public Properties getClientInfo() throws SQLException {
    Properties info = super.getClientInfo();
    return info == null ? info : Setting.copy(info);
  }

  @Override
  public void setClientInfo(String name, @Nullable String value) throws SQLClientInfoException {
    changeClientInfo(name, null, jdbc -> jdbc.setClientInfo(name, value));
  }

  @Override
  public void setClientInfo(Properties properties) throws SQLClientInfoException {
    changeClientInfo(null, properties, jdbc -> jdbc.setClientInfo(properties));
  }

  /** A change of the client info, which is declared to throw less than the others. */
  private interface ClientInfoChange {
    void on(Connection jdbc) throws SQLClientInfoException;
  }

  private void changeClientInfo(
      @Nullable String one, @Nullable Properties several, ClientInfoChange change)
      throws SQLClientInfoException {
    Settings settings = null;
    try {
      Connection jdbc = delegate();
      settings = changing(Setting.CLIENT_INFO);
      boolean single = several == null || Setting.isOnePiece(several);
      call(settings, Setting.CLIENT_INFO, single, () -> change.on(jdbc));
    } catch (SQLClientInfoException e) {
      if (settings != null) {
        settings.clientInfoFailed(e, several);
      }
      failed(e);
      throw e;
    } catch (SQLException e) {
      throw Setting.noneSet(failed(e), one, several);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  @Override
  public void setShardingKey(ShardingKey key) throws SQLException {
    sharding(
        () -> {
          super.setShardingKey(key);
          return true;
        });
  }

  @Override
  public void setShardingKey(ShardingKey key, ShardingKey superKey) throws SQLException {
    sharding(
        () -> {
          super.setShardingKey(key, superKey);
          return true;
        });
  }

  @Override
  public boolean setShardingKeyIfValid(ShardingKey key, int seconds) throws SQLException {
    return sharding(() -> super.setShardingKeyIfValid(key, seconds));
  }

  @Override
  public boolean setShardingKeyIfValid(ShardingKey key, ShardingKey superKey, int seconds)
      throws SQLException {
    return sharding(() -> super.setShardingKeyIfValid(key, superKey, seconds));
  }

  /** A call that says whether it has set a sharding key, for which JDBC has no way to ask. */
  private interface Sharding {
    boolean sets() throws SQLException;
  }

  private boolean sharding(Sharding call) throws SQLException {
    boolean set = true; // a call that fails may have set it before
    try {
      set = call.sets();
      return set;
    } catch (SQLException | RuntimeException e) {
      set = !MissingMethods.isLacking(e);
      throw e;
    } finally {
      Session s = session();
      if (set && s != null) {
        s.markSharded();
      }
    }
  }

  private Settings changing(Setting setting) throws SQLException {
    Session s = current();
    if (setting.maySend()) {
      setting();
    }
    try {
      return s.changing(setting);
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }
}
