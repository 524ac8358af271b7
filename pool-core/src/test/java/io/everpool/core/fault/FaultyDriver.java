package io.everpool.core.fault;

import io.everpool.api.Credentials;
import io.everpool.api.ResetMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.CommitTicket;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import io.everpool.core.plain.PlainConnector;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A driver all of whose methods follow a {@link Script}. It keeps count of its connections. A
 * little long, for it has all the methods of a driver.
 */
public final class FaultyDriver implements Connector {
  private static final Connector STATES = PlainConnector.of(dataSource());

  /** A statement that is refused, which is its own fault; no call of the script. */
  static final String REFUSED = "update t set i = 'one'";

  private final Script script;
  private final boolean plain;
  private final Set<Physical> open = new HashSet<>();
  private final Set<Physical> poisoned = new HashSet<>();
  private final Set<Physical> disturbed = new HashSet<>();
  private Look look = Look.UNSURE;
  private boolean promoted;
  private boolean breaks;
  private boolean losesCommit;
  private boolean noted;
  private boolean acceptsCancels;

  public FaultyDriver(Script script) {
    this(script, false);
  }

  /**
   * A driver that follows a script.
   *
   * @param plain whether it is as one of which only java.sql is known, and of which that is old: it
   *     wants to hear of no requests, and says nothing of its transactions
   */
  FaultyDriver(Script script, boolean plain) {
    this.script = script;
    this.plain = plain;
  }

  private static DataSource dataSource() {
    return (DataSource)
        Proxy.newProxyInstance(
            FaultyDriver.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (self, method, args) -> {
              throw new UnsupportedOperationException();
            });
  }

  /** How many connections are open. */
  synchronized int open() {
    return open.size();
  }

  /** Whether one that has failed so that it must not be lent again is there still. */
  synchronized boolean keepsPoisoned() {
    return open.stream().anyMatch(poisoned::contains);
  }

  /** From now on connections look so. */
  synchronized void look(Look value) {
    look = value;
  }

  private synchronized Look look() {
    return look;
  }

  /** Another server has taken over, as the next connection will show. */
  synchronized void promote() {
    promoted = true;
  }

  private synchronized boolean supersedes() {
    boolean news = promoted;
    promoted = false;
    return news;
  }

  /** The next statement finds its connection lost; no call of the script. */
  synchronized void breakNext() {
    breaks = true;
  }

  private synchronized boolean breaks() {
    boolean now = breaks;
    breaks = false;
    return now;
  }

  /** The next COMMIT loses its answer, and its connection; no call of the script. */
  synchronized void loseNextCommit() {
    losesCommit = true;
  }

  private synchronized boolean losesCommit() {
    boolean now = losesCommit;
    losesCommit = false;
    return now;
  }

  /** From now on requests to cancel a statement are taken, and do nothing. */
  synchronized void acceptCancels() {
    acceptsCancels = true;
  }

  private synchronized boolean acceptsCancel() {
    return acceptsCancels;
  }

  /** Somebody who was never lent them does something on the connections that are open. */
  synchronized void disturb() {
    disturbed.addAll(open);
  }

  private synchronized boolean isDisturbed(Physical physical) {
    return disturbed.contains(physical);
  }

  private synchronized void add(Physical physical) {
    open.add(physical);
  }

  private synchronized void remove(Physical physical) {
    physical.properties.clear(); // it keeps nothing of what it was given
    open.remove(physical);
  }

  private synchronized boolean isOpen(Physical physical) {
    return open.contains(physical);
  }

  private synchronized void poison(Physical physical) {
    poisoned.add(physical);
  }

  /** Throws what the script says, whatever that is. */
  private void follow(String name, @Nullable Physical physical) {
    follow(name, physical, this);
  }

  /** The same of a method that answers so, unless the script says null. */
  private <T> T follow(String name, @Nullable Physical physical, T answer) {
    Throwable thrown = script.called(name);
    if (thrown == Fault.NULL) {
      return null;
    }
    if (thrown != null) {
      if (physical != null
          && !(thrown instanceof SQLException e && "22001".equals(e.getSQLState()))) {
        poison(physical);
      }
      Fault.<RuntimeException>sneak(thrown);
    }
    return answer;
  }

  @Override
  public String product() {
    return follow("product", null, "FaultyDB");
  }

  @Override
  public String target() {
    return follow("target", null, "nowhere");
  }

  /** Not when the pool opens, which what is thrown then keeps from opening. */
  @Override
  public List<String> notes() {
    return isNoted() ? follow("notes", null, List.of()) : List.of();
  }

  private synchronized boolean isNoted() {
    boolean before = noted;
    noted = true;
    return before;
  }

  @Override
  public PhysicalConnection open(long timeoutNanos) {
    Physical physical = follow("open", null, new Physical());
    if (physical != null) {
      add(physical);
    }
    return physical;
  }

  @Override
  public PhysicalConnection open(Credentials credentials, long timeoutNanos) {
    return open(timeoutNanos);
  }

  @Override
  public Verdict classify(Throwable failure) {
    return follow("classify", null, STATES.classify(failure));
  }

  @Override
  public SideEffects sideEffects(String sql) {
    SideEffects left = sql.startsWith("set") ? SideEffects.of(Leftover.SETTING) : SideEffects.NONE;
    return follow("sideEffects", null, left);
  }

  @Override
  public void close() {
    follow("connector.close", null);
  }

  /** The driver's own type of a connection. */
  public interface Own {}

  /** What may be left in a session. */
  private enum Leftover implements SideEffects.Kind {
    SETTING
  }

  private record Ticket(String id) implements CommitTicket {
    @Override
    public String toString() {
      return id;
    }
  }

  private final class Physical implements PhysicalConnection {
    private final Connection jdbc = (Connection) new Face(this, Connection.class, Own.class).proxy;
    private final Map<String, Object> properties = Collections.synchronizedMap(new HashMap<>());
    private TransactionState transaction = TransactionState.NONE;

    /** The driver has seen that the server is gone, and says so. */
    private volatile boolean broken;

    @Override
    public Connection jdbc() {
      return follow("jdbc", this, jdbc);
    }

    @Override
    public Look look() {
      return follow("look", this, FaultyDriver.this.look());
    }

    @Override
    public void validate(long timeoutNanos) {
      follow("validate", this);
    }

    @Override
    public TransactionState transactionState() {
      return follow("transactionState", this, plain ? TransactionState.UNKNOWN : transaction);
    }

    @Override
    public boolean isServerReadOnly(SideEffects sideEffects) {
      follow("isServerReadOnly", this);
      return false;
    }

    @Override
    public boolean warnsUnasked() {
      return true;
    }

    @Override
    public boolean wantsRequests() {
      return !plain;
    }

    @Override
    public boolean inStep() {
      follow("inStep", this);
      return !isDisturbed(this);
    }

    @Override
    public OptionalInt room(long timeoutNanos) throws SQLException {
      return follow("room", this, OptionalInt.empty());
    }

    @Override
    public boolean mayHangUnseen() {
      follow("mayHangUnseen", this);
      return false;
    }

    @Override
    public long moment() {
      follow("moment", this);
      return 0;
    }

    @Override
    public Effects effectsSince(long moment) {
      return follow("effectsSince", this, Effects.UNPROVEN);
    }

    @Override
    public Effects unanswered(boolean queriesWrite) {
      return follow("unanswered", this, Effects.UNPROVEN);
    }

    @Override
    public boolean refuseWrites(boolean value) {
      follow("refuseWrites", this);
      return true;
    }

    @Override
    public boolean refusesWritesInTransactions() {
      follow("refusesWritesInTransactions", this);
      return true;
    }

    @Override
    public boolean supersedesEarlier() {
      follow("supersedesEarlier", this);
      return supersedes();
    }

    @Override
    public boolean beganReadOnly() {
      follow("beganReadOnly", this);
      return false;
    }

    @Override
    public void refresh(long timeoutNanos) {
      follow("refresh", this);
    }

    @Override
    public CommitTicket commitTicket() {
      return follow("commitTicket", this, new Ticket("1"));
    }

    @Override
    public CommitStatus commitStatus(CommitTicket ticket) {
      return follow("commitStatus", this, CommitStatus.COMMITTED);
    }

    @Override
    public SQLException explained(SQLException failure, SideEffects sideEffects) {
      return follow("explained", this, failure);
    }

    @Override
    public void reset(ResetMode mode, SideEffects sideEffects) {
      follow("reset", this);
    }

    @Override
    public void close() {
      follow("close", this);
      remove(this);
    }

    @Override
    public void cancel(long timeoutNanos) throws SQLException {
      follow("cancel", this);
    }

    @Override
    public boolean cancelStatement(long timeoutNanos) {
      return acceptsCancel();
    }

    @Override
    public void abort() {
      follow("abort", this);
      remove(this);
    }
  }

  /** An object of java.sql. */
  private final class Face implements InvocationHandler {
    private final Physical physical;
    private final String type;
    private int rows = 1;
    private boolean closed;

    /** A statement has what it was given as long as it is there, closed or not. */
    private final List<Object> given = Collections.synchronizedList(new ArrayList<>(0));

    final Object proxy;

    Face(Physical physical, Class<?>... types) {
      this.physical = physical;
      this.type = types[0].getSimpleName();
      proxy = Proxy.newProxyInstance(FaultyDriver.class.getClassLoader(), types, this);
    }

    @Override
    public @Nullable Object invoke(Object self, Method method, Object @Nullable [] args) {
      String name = method.getName();
      if (method.getDeclaringClass() == Object.class) {
        return switch (name) {
          case "toString" -> type;
          case "hashCode" -> System.identityHashCode(self);
          default -> args != null && self == args[0];
        };
      }
      if (name.startsWith("execute") && args != null && REFUSED.equals(args[0])) {
        Fault.<RuntimeException>sneak(Fault.CALLERS_MISTAKE.thrown());
      }
      if (name.startsWith("execute") ? breaks() : name.equals("commit") && losesCommit()) {
        poison(physical);
        physical.broken = true;
        Fault.<RuntimeException>sneak(Fault.CONNECTION_LOST.thrown());
      }
      follow(type + "." + name, physical);
      return switch (name) {
        case "isClosed" -> closed || physical.broken || !isOpen(physical);
        case "isValid" -> isOpen(physical);
        case "close" -> {
          closed = true;
          yield null;
        }
        case "next" -> rows-- > 0;
        case "commit", "rollback" -> {
          physical.transaction = TransactionState.NONE;
          yield null;
        }
        default -> answer(name, method.getReturnType(), args);
      };
    }

    private @Nullable Object answer(String name, Class<?> returned, Object @Nullable [] args) {
      if (name.startsWith("execute")
          && Boolean.FALSE.equals(physical.properties.get("AutoCommit"))) {
        physical.transaction = TransactionState.OPEN;
      }
      if (type.equals("Connection") && name.startsWith("set") && args != null) {
        physical.properties.put(name.substring(3), args[args.length - 1]);
      }
      if (type.endsWith("Statement") && name.startsWith("set") && args != null) {
        given.addAll(Arrays.asList(args));
      }
      if (type.equals("Connection") && args == null) {
        String key = name.replaceFirst("^(get|is)", "");
        if (key.equals("AutoCommit") || physical.properties.containsKey(key)) {
          return physical.properties.getOrDefault(key, true);
        }
      }
      boolean child =
          Statement.class.isAssignableFrom(returned)
              || returned == ResultSet.class
              || returned == DatabaseMetaData.class;
      return child ? new Face(physical, returned).proxy : some(returned);
    }
  }

  private static @Nullable Object some(Class<?> type) {
    if (type == boolean.class) {
      return false;
    }
    return type.isPrimitive() && type != void.class
        ? Array.get(Array.newInstance(type, 1), 0)
        : type == String.class ? "text" : null;
  }
}
