package io.everpool.spring;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.SizeAdvice;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.NotRepeatableException;
import io.everpool.api.framework.UnitRerunner;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * A pool that knows of Spring's transactions: a unit of work that is called within one is a part of
 * it, on its connection, and is committed or rolled back with it. Anything else would take a second
 * connection while the thread holds the first, and commit on its own.
 *
 * <p>Not final, for aspects: Spring makes a subclass where {@code getConnection} has one around it.
 */
class SpringPool implements Pool {

  /** The unit that a thread is in by {@link #rerun}, of whichever pool. */
  private static final ThreadLocal<@Nullable Unit> units = new ThreadLocal<>();

  /** Why work that has used another connection, or none of the unit's, isn't run again. */
  private static final String OTHERS =
      "it has used another connection than the unit's, and nobody knows what it has done there";

  private record Unit(SpringPool pool, SharedConnection shared) {}

  private final Pool pool;
  private final List<Pool> members;
  private final DataSource unlimited; // one, for Spring tells transactions apart by it

  private final boolean autoCommit;

  SpringPool(Pool pool) {
    this(pool, List.of(pool), true);
  }

  /**
   * @param members each of the pools that it is made of: its writer's and its readers', or it alone
   * @param autoCommit how its connections are lent
   */
  SpringPool(Pool pool, List<Pool> members, boolean autoCommit) {
    this.pool = pool;
    this.members = List.copyOf(members);
    this.autoCommit = autoCommit;
    this.unlimited = beside(pool.withoutCommandTimeout());
  }

  /**
   * The pools that {@code pool} is made of, each of which can be suspended by itself; of one that
   * the application has opened on its own nobody knows them, and it goes as a whole.
   */
  static List<Pool> membersOf(Pool pool) {
    SpringPool own = in(pool);
    return own == null ? List.of(pool) : own.members;
  }

  /** Whether its connections are lent with autocommit on, as those of the application's own are. */
  static boolean lendsWithAutoCommit(Pool pool) {
    SpringPool own = in(pool);
    return own == null || own.autoCommit;
  }

  private static @Nullable SpringPool in(Pool pool) {
    try {
      return pool.isWrapperFor(SpringPool.class) ? pool.unwrap(SpringPool.class) : null;
    } catch (SQLException e) {
      return null;
    }
  }

  // ---- units of work

  @Override
  public <T extends @Nullable Object, X extends Exception> T run(
      WorkOptions options, Work<T, X> work) throws X, SQLException {
    ConnectionHolder transaction = transaction();
    if (transaction == null) {
      passOver();
      return pool.run(options, work);
    }
    Connection joined = transaction.getConnection();
    return UnitRerunner.of(pool).rerun(joined, PartOptions.of(options, joined), work);
  }

  @Override
  public <T extends @Nullable Object, X extends Exception> T inTransaction(
      WorkOptions options, Work<T, X> work) throws X, SQLException {
    ConnectionHolder transaction = transaction();
    if (transaction == null) {
      passOver();
      return pool.inTransaction(options, work);
    }
    Connection joined = transaction.getConnection();
    WorkOptions ofPart = PartOptions.of(options, joined);
    try {
      return UnitRerunner.of(pool).rerun(joined, ofPart, work);
    } catch (Throwable failure) {
      TransactionState state = TransactionState.of(transaction);
      if (state != null) {
        state.refuse(options.label(), failure);
      }
      throw failure;
    }
  }

  /**
   * The connection of the Spring transaction on this pool that the thread is in; null if it is in
   * none.
   *
   * <p>A transaction that is over counts as none, though its connection is bound until everybody
   * was told of its end. So does a connection in autocommit: another manager's transaction keeps
   * it, which can't roll it back.
   */
  private @Nullable ConnectionHolder transaction() throws SQLException {
    if (!TransactionSynchronizationManager.isActualTransactionActive()
        || !TransactionSynchronizationManager.isSynchronizationActive()) {
      return null;
    }
    ConnectionHolder holder = bound();
    if (holder == null || holder.getConnectionHandle() == null) {
      return null;
    }
    TransactionState state = TransactionState.of(holder);
    if ((state != null && state.isPast()) || holder.getConnection().getAutoCommit()) {
      return null;
    }
    if (state == null) { // of a manager that is no bean
      TransactionState.begin(holder, false);
    }
    return holder;
  }

  /** What is bound to the thread for this pool, or for a DataSource that wraps it. */
  private @Nullable ConnectionHolder bound() throws SQLException {
    if (TransactionSynchronizationManager.getResource(this) instanceof ConnectionHolder own) {
      return own;
    }
    for (Map.Entry<Object, Object> each :
        TransactionSynchronizationManager.getResourceMap().entrySet()) {
      if (each.getValue() instanceof ConnectionHolder holder
          && each.getKey() instanceof DataSource wrapper
          && isOfThis(holder, wrapper)) {
        return holder;
      }
    }
    return null;
  }

  /**
   * Whether a bound connection is one of this pool's. A wrapper that routes can't tell: where it
   * leads now may not be where it led when it gave the connection; and a lazy one had given none
   * when the transaction began. So the connection itself is asked, if the wrapper, or what was
   * known at the transaction's beginning, says that it may be ours.
   */
  private boolean isOfThis(ConnectionHolder holder, DataSource wrapper) throws SQLException {
    TransactionState state = TransactionState.of(holder);
    boolean mayBe =
        (state != null && state.pool() == this) || TransactionState.poolIn(wrapper) == this;
    return mayBe
        && holder.getConnectionHandle() != null
        && UnitRerunner.of(pool).owns(holder.getConnection());
  }

  /**
   * Runs {@code work} as a unit, and again where {@link Pool#run} would. The work takes its
   * connection from this pool by itself: on this thread {@link #getConnection()} gives it the
   * unit's connection meanwhile.
   *
   * <p>Within a transaction, or within another call of this method, it is a part of that and runs
   * once. Work that has used another connection isn't run again either, unless it may be repeated:
   * nobody knows what it has done there.
   */
  <T extends @Nullable Object> T rerun(WorkOptions options, Callable<T> work) throws Exception {
    return rerun(options, null, work);
  }

  /**
   * The same of work that may be unable to run twice.
   *
   * @param once why, for {@link NotRepeatableException}; null if it is able
   */
  <T extends @Nullable Object> T rerun(WorkOptions options, @Nullable String once, Callable<T> work)
      throws Exception {
    Unit outer = units.get();
    if ((outer != null && outer.pool == this) || transaction() != null) {
      return work.call();
    }
    passOver(); // for a unit of another pool's around this, whose rerun would do it twice
    SharedConnection shared = new SharedConnection(pool.getConnection());
    try {
      return UnitRerunner.of(pool)
          .rerun(shared.connection(), options, same -> runOnce(shared, options, once, work));
    } finally {
      shared.unitEnds();
    }
  }

  /** As {@link UnitRerunner#given}. */
  void given(Object oneShot) throws SQLException {
    UnitRerunner.of(pool).given(oneShot);
  }

  /** Whether the thread is in a {@link #rerun}, of whichever pool. */
  static boolean isInUnit() {
    return units.get() != null;
  }

  private <T extends @Nullable Object> T runOnce(
      SharedConnection shared, WorkOptions options, @Nullable String once, Callable<T> work)
      throws Exception {
    Unit outer = units.get();
    shared.runs();
    units.set(new Unit(this, shared));
    try {
      return work.call();
    } catch (Exception failure) {
      if (once != null) {
        throw new NotRepeatableException(failure, once);
      }
      if (options.idempotent() || shared.hasServedAll()) {
        throw failure;
      }
      throw new NotRepeatableException(failure, OTHERS);
    } finally {
      if (outer == null) {
        units.remove();
      } else {
        units.set(outer);
      }
    }
  }

  @Override
  public Connection getConnection() throws SQLException {
    Unit unit = units.get();
    if (unit != null && unit.pool == this) {
      Connection ofUnit = unit.shared.lend();
      return ofUnit == null ? pool.getConnection() : ofUnit;
    }
    passOver();
    return pool.getConnection();
  }

  /**
   * Notes that something is about to be done on another connection than the unit's: a rerun would
   * do it twice.
   */
  private void passOver() {
    Unit unit = units.get();
    if (unit != null) {
      unit.shared.passOver();
    }
  }

  // ---- as the pool does it

  @Override
  public Connection getConnection(Duration timeout) throws SQLException {
    passOver();
    return pool.getConnection(timeout);
  }

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    passOver();
    return pool.getConnection(user, password);
  }

  @Override
  public String name() {
    return pool.name();
  }

  @Override
  public PoolConfig config() {
    return pool.config();
  }

  @Override
  public PoolSnapshot snapshot() {
    return pool.snapshot();
  }

  @Override
  public DataSource reader() {
    return pool.reader(); // nothing is written there, and so nothing doubled
  }

  @Override
  public DataSource withoutCommandTimeout() {
    return unlimited;
  }

  /** One whose connections are never that of the unit. */
  private DataSource beside(DataSource view) {
    return new DelegatingDataSource(view) {
      @Override
      public Connection getConnection() throws SQLException {
        passOver();
        return super.getConnection();
      }

      @Override
      public Connection getConnection(String user, String password) throws SQLException {
        passOver();
        return super.getConnection(user, password);
      }
    };
  }

  @Override
  public Optional<SizeAdvice> advise() {
    return pool.advise();
  }

  @Override
  public List<PoolSnapshot> readerSnapshots() {
    return pool.readerSnapshots();
  }

  @Override
  public String position() throws SQLException {
    return pool.position();
  }

  @Override
  public void replaceAll() {
    pool.replaceAll();
  }

  @Override
  public void close() {
    pool.close();
  }

  @Override
  public boolean isClosed() {
    return pool.isClosed();
  }

  @Override
  public @Nullable PrintWriter getLogWriter() throws SQLException {
    return pool.getLogWriter();
  }

  @Override
  public void setLogWriter(@Nullable PrintWriter out) throws SQLException {
    pool.setLogWriter(out);
  }

  @Override
  public void setLoginTimeout(int seconds) throws SQLException {
    pool.setLoginTimeout(seconds);
  }

  @Override
  public int getLoginTimeout() throws SQLException {
    return pool.getLoginTimeout();
  }

  @Override
  public Logger getParentLogger() {
    return Logger.getLogger("io.everpool");
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    return type.isInstance(this) ? type.cast(this) : pool.unwrap(type);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return type.isInstance(this) || pool.isWrapperFor(type);
  }

  // ---- what Spring Boot asks by name, to log in to the same database as another user

  /** In JDBC's form, for {@code spring.flyway.user} and {@code spring.liquibase.user}. */
  public String getUrl() {
    return MigrationUrl.of(name(), config());
  }

  public @Nullable String getUsername() {
    return config().user();
  }

  /** Null where it isn't written in the settings. */
  public @Nullable String getPassword() {
    return config().password();
  }

  @Override
  public String toString() {
    return pool.toString();
  }
}
