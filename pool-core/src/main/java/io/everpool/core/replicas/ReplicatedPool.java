package io.everpool.core.replicas;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.SizeAdvice;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.PoolOperations;
import io.everpool.api.framework.PoolSlot;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.api.observe.UnitListener;
import io.everpool.core.engine.Pause;
import io.everpool.core.jdbc.PoolView;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.GuardedCall;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.UnitWatch;
import io.everpool.core.work.UnitRunner;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A writer and its readers as one pool. Each of them is an ordinary pool, with its own health, its
 * own sleep and its own upkeep; this class only decides which of them gets which work. A unit that
 * says that it only reads goes to a reader. All other work goes to the writer, also if it says too
 * late that it only reads. So the pool never writes to two servers, even if a reader is promoted:
 * work that goes to a reader is read-only, and its server refuses to write.
 */
public final class ReplicatedPool implements Pool, UnitRerunner, PoolOperations {
  private static final org.slf4j.Logger log = PoolEvents.log();

  private static final WorkOptions A_CONNECTION = WorkOptions.READ_ONLY.withLabel("a connection");

  private final PoolConfig config;
  private final Member writer;
  private final List<Member> readers;
  private final Readers choice;
  private final DataSource reader;

  /**
   * Makes one pool of several that are open; they are closed with this one.
   *
   * @param config the settings of the whole
   */
  public ReplicatedPool(PoolConfig config, Member writer, List<Member> readers, Pause pause) {
    this.config = config;
    this.writer = writer;
    this.readers = List.copyOf(readers);
    this.choice = new Readers(config, writer, readers, pause);
    this.reader = PoolView.reading(writer.pool(), () -> choice.acquire(A_CONNECTION));
    GuardedCall.survives(config.name(), "telling of its readers", this::tellWhoGetsWhat);
  }

  private void tellWhoGetsWhat() {
    log.info(
        "Pool {}: writes go to {}; what only reads goes to {}, and else {}",
        config.name(),
        writer.called(),
        readers.stream().map(Member::called).collect(Collectors.joining(", ")),
        switch (config.readerFallback()) {
          case WRITER -> "to the writer";
          case FAIL -> "nowhere";
        });
  }

  // ---- by kind of work

  @Override
  public Connection getConnection() throws SQLException {
    return writer.pool().getConnection();
  }

  @Override
  public Connection getConnection(Duration timeout) throws SQLException {
    return writer.pool().getConnection(timeout);
  }

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    return writer.pool().getConnection(user, password);
  }

  @Override
  public DataSource reader() {
    return reader;
  }

  @Override
  public DataSource withoutCommandTimeout() {
    return writer.pool().withoutCommandTimeout();
  }

  @Override
  public <T extends @Nullable Object, X extends Exception> T run(
      WorkOptions options, Work<T, X> work) throws X, SQLException {
    if (!options.readOnly()) {
      return writer.pool().run(options, work);
    }
    return reading(UnitListener.Kind.RUN, options, work);
  }

  @Override
  public <T extends @Nullable Object, X extends Exception> T inTransaction(
      WorkOptions options, Work<T, X> work) throws X, SQLException {
    if (!options.readOnly()) {
      return writer.pool().inTransaction(options, work);
    }
    return reading(UnitListener.Kind.TRANSACTION, options, work);
  }

  private <T extends @Nullable Object, X extends Exception> T reading(
      UnitListener.Kind kind, WorkOptions options, Work<T, X> work) throws X, SQLException {
    long deadline = choice.deadline(options);
    // Nothing may fail between this and the try.
    UnitWatch watch = writer.leases().watchUnit(kind, options);
    Throwable thrown = null;
    try (PooledConnection connection = choice.acquire(options)) {
      UnitRunner runner = choice.runnerOf(connection);
      return kind == UnitListener.Kind.RUN
          ? runner.run(connection, options, deadline, watch, work)
          : runner.inTransaction(connection, options, deadline, watch, work);
    } catch (Throwable failure) {
      thrown = failure;
      throw failure;
    } finally {
      watch.ended(thrown);
    }
  }

  /** The pool whose connection it is runs the unit. */
  @Override
  public <T extends @Nullable Object, X extends Exception> T rerun(
      Connection connection, WorkOptions options, Work<T, X> work) throws X, SQLException {
    PooledConnection face = PooledConnection.behind(connection);
    Reader owner = face == null ? null : choice.ownerOf(face);
    if (face == null || owner == null) {
      return UnitRerunner.of(writer.pool()).rerun(connection, options, work);
    }
    if (options.position() == null && options.isolation() == 0) {
      return owner.runner().rerun(connection, options, work);
    }
    long deadline = choice.deadline(options); // it counts from here, for prepare() may wait
    UnitWatch watch = owner.runner().watch(UnitListener.Kind.ON_CONNECTION, options);
    Throwable thrown = null;
    try {
      choice.prepare(face, owner, options);
      return choice.runnerOf(face).rerun(face, connection, options, deadline, watch, work);
    } catch (Throwable failure) {
      thrown = failure;
      throw failure;
    } finally {
      watch.ended(thrown);
    }
  }

  @Override
  public void given(Object oneShot) throws SQLException {
    UnitRunner.given(oneShot);
  }

  @Override
  public boolean owns(Connection connection) {
    PooledConnection face = PooledConnection.behind(connection);
    return face != null && (face.isOf(writer.leases()) || choice.ownerOf(face) != null);
  }

  @Override
  public String position() throws SQLException {
    return writer.pool().position();
  }

  // ---- of the whole

  @Override
  public String name() {
    return config.name();
  }

  @Override
  public PoolConfig config() {
    return config;
  }

  @Override
  public Optional<SizeAdvice> advise() {
    return writer.pool().advise();
  }

  @Override
  public PoolSnapshot snapshot() {
    return writer.pool().snapshot();
  }

  @Override
  public List<PoolSnapshot> readerSnapshots() {
    return readers.stream().map(member -> member.pool().snapshot()).toList();
  }

  @Override
  public void replaceAll() {
    everyone().forEach(member -> member.pool().replaceAll());
  }

  // ---- by an operator

  /** The writer is suspended first: the work of a reader that is suspended alone goes to it. */
  @Override
  public void suspend() {
    ofWriter().suspend();
    readers.forEach(member -> PoolOperations.of(member.pool()).suspend());
  }

  /** The writer is resumed last, for the same reason. */
  @Override
  public void resume() {
    everyone().forEach(member -> PoolOperations.of(member.pool()).resume());
  }

  @Override
  public boolean isSuspended() {
    return everyone().stream().allMatch(member -> PoolOperations.of(member.pool()).isSuspended());
  }

  @Override
  public int connectsGivenUp() {
    return everyone().stream()
        .mapToInt(member -> PoolOperations.of(member.pool()).connectsGivenUp())
        .sum();
  }

  @Override
  public void evictIdle() {
    everyone().forEach(member -> PoolOperations.of(member.pool()).evictIdle());
  }

  @Override
  public void resize(int minSize, int maxSize) {
    ofWriter().resize(minSize, maxSize);
  }

  @Override
  public PoolSnapshot examine() {
    return ofWriter().examine();
  }

  @Override
  public List<PoolSlot> slots() {
    return ofWriter().slots();
  }

  private PoolOperations ofWriter() {
    return PoolOperations.of(writer.pool());
  }

  // ---- its end

  /**
   * Closes all at the same time, so that none waits for another's drain-timeout. If one throws, the
   * others are closed all the same.
   */
  @Override
  public void close() {
    everyone().forEach(member -> survives(member, member.drain()::run));
    everyone().forEach(member -> survives(member, member.pool()::close));
  }

  private static void survives(Member member, GuardedCall.Risk end) {
    GuardedCall.survives(member.pool().name(), "closing", end);
  }

  /** All pools. The readers come first, because their work may end on the writer. */
  private List<Member> everyone() {
    List<Member> all = new ArrayList<>(readers);
    all.add(writer);
    return all;
  }

  @Override
  public boolean isClosed() {
    return writer.pool().isClosed();
  }

  @Override
  public String toString() {
    return "Everpool " + snapshot() + " with readers " + readerSnapshots();
  }

  // ---- the rest of DataSource

  @Override
  public @Nullable PrintWriter getLogWriter() throws SQLException {
    return writer.pool().getLogWriter();
  }

  @Override
  public void setLogWriter(@Nullable PrintWriter out) throws SQLException {
    writer.pool().setLogWriter(out);
  }

  @Override
  public void setLoginTimeout(int seconds) throws SQLException {
    writer.pool().setLoginTimeout(seconds);
  }

  @Override
  public int getLoginTimeout() throws SQLException {
    return writer.pool().getLoginTimeout();
  }

  @Override
  public Logger getParentLogger() {
    return Logger.getLogger("io.everpool");
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    return type.isInstance(this) ? type.cast(this) : writer.pool().unwrap(type);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return type.isInstance(this) || writer.pool().isWrapperFor(type);
  }
}
