package io.everpool.core.replicas;

import io.everpool.api.ResetMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import io.everpool.core.plain.PlainConnector;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTimeoutException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;

/** An H2 of its own that says who it is, lags as the test says, and can go away. */
final class Server implements Connector {
  private final String name;
  private final Connector h2;
  private final Set<Session> open = ConcurrentHashMap.newKeySet();

  /** How often it was asked how far it is. */
  final AtomicInteger lagAsked = new AtomicInteger();

  final AtomicInteger positionAsked = new AtomicInteger();

  /** How long the thread that has made this allowed for each answer. */
  final List<Long> allowed = new ArrayList<>();

  private final Thread maker = Thread.currentThread();

  private volatile boolean down;

  /** Whether it takes no more sessions, and keeps those that it has. */
  volatile boolean refusesMore;

  /** Null if it can't tell. */
  volatile @Nullable Duration lag = Duration.ZERO;

  /** Grows by one with each question. */
  final AtomicInteger position = new AtomicInteger();

  /** What happens while it is asked whether it is as far; is told how often it was before. */
  volatile IntConsumer atPosition = asked -> {};

  /** Whether its sessions tell their position though they have ended. */
  volatile boolean answersThoughItIsGone;

  /** How many of the next questions get no answer in time, upon which their sessions end. */
  final AtomicInteger silences = new AtomicInteger();

  /** What those say of it. */
  volatile SQLException silence = new SQLTimeoutException("no answer in time", "08006");

  /** Whether its sessions say that a transaction is open. */
  volatile boolean inTransaction;

  /** Whether a pooler lends its sessions by the transaction; of those that are opened then. */
  volatile boolean shared;

  /** Up to which level it runs transactions; a session is told at its beginning, and when asked. */
  volatile int highestIsolation = Connection.TRANSACTION_SERIALIZABLE;

  /** Whether somebody has had its sessions take writes again, and has committed some. */
  volatile boolean written;

  volatile boolean closed;

  Server(String name) throws SQLException {
    this.name = name;
    JdbcDataSource source = new JdbcDataSource();
    source.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
    h2 = PlainConnector.of(source);
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("create table me as select '" + name + "' as name");
    }
  }

  /** Which server a connection is with. */
  static String of(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select name from me")) {
      row.next();
      return row.getString(1);
    }
  }

  /** All its sessions end, and it takes no more. */
  void goDown() throws SQLException {
    down = true;
    endSessions();
  }

  /** All its sessions end, and it takes others. */
  void endSessions() throws SQLException {
    for (Session session : open) {
      session.end();
    }
  }

  void comeUp() {
    down = false;
  }

  /** How many sessions have been told to refuse every write. */
  long refusing() {
    return open.stream().filter(session -> session.refuses).count();
  }

  int sessions() {
    return open.size();
  }

  @Override
  public String product() {
    return "H2";
  }

  @Override
  public String target() {
    return name + ".example.com";
  }

  @Override
  public PhysicalConnection open(long timeoutNanos) throws SQLException {
    if (down || refusesMore) {
      throw new SQLException("connection refused", "08001");
    }
    Session session = new Session(h2.open(timeoutNanos));
    open.add(session);
    if (down) {
      session.end();
    }
    return session;
  }

  @Override
  public Verdict classify(Throwable failure) {
    return failure == silence
        ? Verdict.CONNECTION_LOST
        : failure instanceof SQLException e
                && String.valueOf(e.getSQLState()).matches("08.*|90007|90121|90067|90098")
            ? Verdict.SERVER_DOWN
            : Verdict.STATEMENT_FAILED;
  }

  @Override
  public SideEffects sideEffects(String sql) {
    return SideEffects.NONE;
  }

  @Override
  public void close() {
    closed = true;
  }

  private final class Session implements PhysicalConnection {
    private final PhysicalConnection h2;
    private volatile boolean ended;
    private volatile boolean refuses;
    private final boolean lentByTransaction = shared;
    private volatile boolean begun;
    private volatile int toldIsolation = highestIsolation;

    Session(PhysicalConnection h2) {
      this.h2 = h2;
    }

    void end() throws SQLException {
      ended = true;
      h2.jdbc().close();
    }

    @Override
    public Connection jdbc() {
      return lentByTransaction ? ending(h2.jdbc()) : h2.jdbc();
    }

    /** One whose transaction ends with a rollback or a commit. */
    private Connection ending(Connection bare) {
      return (Connection)
          Proxy.newProxyInstance(
              Server.class.getClassLoader(),
              new Class<?>[] {Connection.class},
              (self, method, arguments) -> {
                begun &= !method.getName().matches("rollback|commit");
                try {
                  return method.invoke(bare, arguments);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              });
    }

    @Override
    public Look look() {
      return ended ? Look.DEAD : Look.ALIVE;
    }

    @Override
    public void validate(long timeoutNanos) throws SQLException {
      if (ended) {
        throw new SQLException("it is gone", "08006");
      }
    }

    @Override
    public TransactionState transactionState() {
      if (lentByTransaction) {
        return begun ? TransactionState.OPEN : TransactionState.NONE;
      }
      return inTransaction ? TransactionState.OPEN : TransactionState.UNKNOWN;
    }

    @Override
    public boolean isSharedByTransaction() {
      return lentByTransaction;
    }

    @Override
    public void begin(int isolation, boolean readOnly, @Nullable String schema) {
      begun = true;
    }

    /** It sees that nothing but the BEGIN is sent. */
    @Override
    public long moment() {
      return lentByTransaction ? 1 : 0;
    }

    @Override
    public Effects effectsSince(long moment) {
      return written ? Effects.COMMITTED : lentByTransaction ? Effects.NONE : Effects.UNPROVEN;
    }

    @Override
    public boolean refuseWrites(boolean value) {
      refuses = value;
      return true;
    }

    @Override
    public Duration replicaLag(long timeoutNanos) throws SQLException {
      note(timeoutNanos);
      validate(1);
      lagAsked.incrementAndGet();
      toldIsolation = highestIsolation;
      Duration now = lag;
      if (now == null) {
        throw new SQLFeatureNotSupportedException("no idea");
      }
      return now;
    }

    private void note(long timeoutNanos) throws SQLException {
      if (silences.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        end();
        throw silence;
      }
      if (Thread.currentThread() == maker) {
        allowed.add(timeoutNanos);
      }
    }

    @Override
    public int highestIsolation() {
      return toldIsolation;
    }

    @Override
    public boolean takesWritesSince(long moment) {
      return written;
    }

    @Override
    public String position(long timeoutNanos) throws SQLException {
      validate(1);
      return String.valueOf(position.get());
    }

    @Override
    public boolean hasReached(String wanted, long timeoutNanos) throws SQLException {
      note(timeoutNanos);
      atPosition.accept(positionAsked.get());
      if (!answersThoughItIsGone) {
        validate(1);
      }
      positionAsked.incrementAndGet();
      return position.getAndIncrement() >= Integer.parseInt(wanted);
    }

    @Override
    public void reset(ResetMode mode, SideEffects sideEffects) {}

    @Override
    public void close() throws SQLException {
      open.remove(this);
      h2.close();
    }

    @Override
    public void abort() {
      open.remove(this);
      h2.abort();
    }
  }
}
