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
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * A pool that knows of Spring's transactions: a unit of work that is called within a transaction is
 * a part of it, on its connection, and is committed or rolled back with it. Otherwise the unit
 * would take a second connection while the thread holds the first, and commit on its own.
 *
 * <p>The class is not final, so that aspects work: Spring makes a subclass if there is an aspect
 * around {@code getConnection}. It is public so that frameworks can call it by reflection, as some
 * do with a data source (ShardingSphere reads its properties); nobody needs to name it.
 */
public class SpringPool implements Pool {

  /** The unit of any pool that the thread is in by {@link #rerun}. */
  private static final ThreadLocal<@Nullable Unit> units = new ThreadLocal<>();

  /** Why work isn't run again that has used another connection, or hasn't used the unit's. */
  private static final String OTHERS =
      "it has used another connection than the unit's, and nobody knows what it has done there";

  private record Unit(SpringPool pool, SharedConnection shared) {}

  private final Pool pool;
  private final List<Pool> members;

  /**
   * The view without a time limit. There is only one, because Spring tells transactions apart by
   * it.
   */
  private final DataSource unlimited;

  private final boolean autoCommit;

  SpringPool(Pool pool) {
    this(pool, List.of(pool), true);
  }

  /**
   * @param members the pools of which {@code pool} is made: its writer's and its readers', or
   *     itself
   * @param autoCommit whether the connections are lent with autocommit on
   */
  SpringPool(Pool pool, List<Pool> members, boolean autoCommit) {
    this.pool = pool;
    this.members = List.copyOf(members);
    this.autoCommit = autoCommit;
    this.unlimited = beside(pool.withoutCommandTimeout());
  }

  /**
   * The pools of which {@code pool} is made, each of which can be suspended by itself. If the
   * application has opened the pool on its own, nobody knows them, and it is treated as one.
   */
  static List<Pool> membersOf(Pool pool) {
    SpringPool own = in(pool);
    return own == null ? List.of(pool) : own.members;
  }

  /**
   * Whether a pool's connections are lent with autocommit on. A pool that the application itself
   * has opened does so.
   */
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

  private @Nullable ConnectionHolder transaction() throws SQLException {
    return new BoundTransaction(this, pool).find();
  }

  /**
   * Runs {@code work} as a unit, and again if {@link Pool#run} would. The work takes its connection
   * from this pool by itself: meanwhile {@link #getConnection()} gives it the unit's connection on
   * this thread.
   *
   * <p>Within a transaction, or within another call of this method, the work is a part of that and
   * runs once. Work that has used another connection isn't run again either, unless it may be
   * repeated: nobody knows what it has done there.
   */
  <T extends @Nullable Object> T rerun(WorkOptions options, Callable<T> work) throws Exception {
    return rerun(options, null, work);
  }

  /**
   * Does the same for work that may be unable to run twice.
   *
   * @param once why it can't run twice, for {@link NotRepeatableException}; null if it can
   */
  <T extends @Nullable Object> T rerun(WorkOptions options, @Nullable String once, Callable<T> work)
      throws Exception {
    Unit outer = units.get();
    if ((outer != null && outer.pool == this) || transaction() != null) {
      return work.call();
    }
    passOver(); // if a unit of another pool is around this one, its rerun would do this twice
    SharedConnection shared = new SharedConnection(pool.getConnection());
    try {
      return UnitRerunner.of(pool)
          .rerun(shared.connection(), options, same -> runOnce(shared, options, once, work));
    } finally {
      shared.unitEnds();
    }
  }

  /** Does what {@link UnitRerunner#given} does. */
  void given(Object oneShot) throws SQLException {
    UnitRerunner.of(pool).given(oneShot);
  }

  /** Whether the thread is in a {@link #rerun} of any pool. */
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
   * Notes that something is about to be done on another connection than the unit's: a rerun of the
   * unit would do it twice.
   */
  private void passOver() {
    Unit unit = units.get();
    if (unit != null) {
      unit.shared.passOver();
    }
  }

  // ---- done by the pool itself

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
    return pool.reader(); // nothing is written there, so that nothing can be doubled
  }

  @Override
  public DataSource withoutCommandTimeout() {
    return unlimited;
  }

  /** A view whose connections are never the unit's connection. */
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

  // ---- called by Spring Boot, by these names, to log in to the same database as another user

  /** The URL in JDBC's form, for {@code spring.flyway.user} and {@code spring.liquibase.user}. */
  public String getUrl() {
    return MigrationUrl.of(name(), config());
  }

  /** Who logs in; null if it is written neither in the settings nor in the URL. */
  public @Nullable String getUsername() {
    return config().user();
  }

  /** The password; null if it isn't written in the settings. */
  public @Nullable String getPassword() {
    return config().password();
  }

  @Override
  public String toString() {
    return pool.toString();
  }
}
