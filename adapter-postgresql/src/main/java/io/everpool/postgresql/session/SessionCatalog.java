package io.everpool.postgresql.session;

import io.everpool.api.ResetMode;
import io.everpool.postgresql.driver.Proof;
import io.everpool.postgresql.failure.FailureRules;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Knows what statements leave in a session when they name this or that function, table or view of
 * the connector's database, and keeps that up to date. Thread-safe.
 *
 * <p>The catalogues are read when a connection was opened and at health checks, never while a
 * caller waits. What this pool's own statements define is known at once, from their texts. What
 * others define is known after the next reading; until then a function with a new name is taken to
 * do everything.
 */
public final class SessionCatalog {

  /**
   * How long a definition counts by its text: so long its transaction may go unseen by a reading.
   */
  private static final long DEFINING_NANOS = 120_000_000_000L;

  private static final int SHOWN = 5;

  /** So many sessions in a row that are lost while they read: it is the reading that ends them. */
  private static final int MOST_LOST = 3;

  /** A name's bits by a text, and since when. */
  private record Definition(int bits, long at) {}

  /**
   * What a text may leave in the session, as bits of {@link SessionReset}.
   *
   * @param byItself when it is run
   * @param byOthers when others are run then that were prepared before it in the same lease: what
   *     they use means something else by now
   */
  public record Left(int byItself, int byOthers) {

    /** What may have to be cleared. */
    public int inAll() {
      return byItself | byOthers;
    }
  }

  private final long everyNanos;
  private final ReentrantLock reading = new ReentrantLock();

  /** Of {@link #definitions}, {@link #table} and {@link #shown}; nothing is sent under it. */
  private final ReentrantLock showing = new ReentrantLock();

  private final Map<String, Definition> definitions = new HashMap<>();

  /** As it was read from the catalogues. */
  private volatile NameTable table = NameTable.EMPTY;

  /** By which statements are judged: {@link #table} and the {@link #definitions}. */
  private volatile NameTable shown = NameTable.EMPTY;

  private volatile Runnable listener = () -> {};

  /** Why a reading has failed; told while none has succeeded. */
  private volatile @Nullable String unreadable;

  private volatile List<String> warnings = List.of();

  /** What {@link CatalogReader#FINGERPRINT} answered at the last reading; under the lock. */
  private String fingerprint = "";

  private volatile long readAt;

  /** Whether there was a reading, with success or without; that a session was lost is none. */
  private volatile boolean tried;

  /**
   * Sessions lost in a row while they read, each with all who waited for it meanwhile: one outage
   * takes them together. Written under the lock.
   */
  private volatile int lost;

  /**
   * @param everyNanos how old a reading may be when a connection is opened; nanoseconds
   */
  public SessionCatalog(long everyNanos) {
    this.everyNanos = everyNanos;
  }

  public void whenItChanges(Runnable newListener) {
    listener = newListener;
  }

  public Left sideEffects(String sql) {
    SqlSideEffects read = SqlSideEffects.read(sql, shown);
    if (read.defined().isEmpty() || !table.isComplete()) {
      return new Left(read.sideEffects(), 0);
    }
    define(read.defined());
    return new Left(read.sideEffects(), read.leftToOthers());
  }

  /**
   * Two threads that define something at the same moment, or one while the catalogues are read,
   * each make a table of what there is: under the lock, or the later one would show a table without
   * what the other has added.
   */
  private void define(Map<String, Integer> defined) {
    long now = System.nanoTime();
    showing.lock();
    try {
      boolean news = false;
      for (Map.Entry<String, Integer> name : defined.entrySet()) {
        Definition before = definitions.get(name.getKey());
        int bits = name.getValue() | (before == null ? 0 : before.bits);
        definitions.put(name.getKey(), new Definition(bits, now));
        news |= before == null || before.bits != bits;
      }
      if (news) {
        show();
      }
    } finally {
      showing.unlock();
    }
  }

  /** Under the lock {@link #showing}. */
  private void show() {
    shown = definitions.isEmpty() ? table : table.with(bitsOfDefinitions());
    listener.run();
  }

  private Map<String, Integer> bitsOfDefinitions() {
    Map<String, Integer> bits = new HashMap<>();
    definitions.forEach((name, definition) -> bits.put(name, definition.bits));
    return bits;
  }

  /** Whether it is time to look whether something has changed. */
  public boolean isDue() {
    return !tried || System.nanoTime() - readAt >= everyNanos;
  }

  /**
   * What a reading may take of the time that an opening or an examination has: half, for a healthy
   * connection is not to be cut because the catalogues are large, or locked.
   *
   * @param pooled whether by a pooler, which may take no transaction: then there is no limit
   */
  public static Duration limit(long timeoutNanos, boolean pooled) {
    return pooled ? Duration.ZERO : Duration.ofNanos(Math.max(1, timeoutNanos / 2));
  }

  /**
   * Asks in one question whether something has changed, and reads the catalogues again if so.
   * Outside of a transaction. Does nothing while another thread reads, but for the first reading,
   * which is waited for.
   *
   * @param limit how long the server may take; zero is as long as it takes
   * @throws SQLException only if the connection is lost
   */
  public void refresh(Connection connection, Duration limit) throws SQLException {
    boolean first = !tried;
    int lostBefore = lost;
    if (!begin(first)) {
      return;
    }
    try {
      if (first && tried) {
        return; // another thread has done it meanwhile
      }
      long begun = System.nanoTime();
      CatalogQueries.within(limit, connection, this::look);
      readAt = begun;
      tried = true;
      lost = 0;
    } catch (SQLException e) {
      if (FailureRules.classify(e).fatal()) {
        // says nothing of the catalogues: the next session is to read them, and to be lent only
        // when it has; but not for ever, where something ends whoever reads
        if (lost == lostBefore) {
          lost = lostBefore + 1;
        }
        if (lost >= MOST_LOST) {
          unreadable(e);
        }
        throw e;
      }
      // no catalogues as PostgreSQL has them, none for this role, or it took too long: asked again
      // with the time, and until then what was known counts
      unreadable(e);
    } catch (RuntimeException e) {
      // a mistake in the reading, for which nobody is to go without a connection; or the driver's,
      // which may have left answers behind that the next question would get
      unreadable(e);
      Proof.of(connection);
    } finally {
      reading.unlock();
    }
  }

  private void unreadable(Exception why) {
    unreadable = String.valueOf(why.getMessage());
    readAt = System.nanoTime();
    tried = true;
    lost = 0;
  }

  /**
   * Takes the lock; false if another thread is reading. The first reading is waited for: before it
   * nothing is known.
   */
  private boolean begin(boolean first) {
    if (first) {
      reading.lock();
      return true;
    }
    return reading.tryLock();
  }

  private void look(CatalogQueries queries) throws SQLException {
    long begun = System.nanoTime(); // what was defined shortly before may be seen by the next alone
    StringBuilder read = new StringBuilder();
    queries.each(CatalogReader.FINGERPRINT, row -> read.append(row.getString(1)));
    String now = read.toString();
    NameTable news = fingerprint.equals(now) ? null : CatalogReader.read(queries);
    showing.lock();
    try {
      boolean forgot = forget(begun);
      if (news != null) {
        table = news;
        if (fingerprint.isEmpty()) {
          warnings = warnings(news);
        }
        fingerprint = now;
        unreadable = null;
      }
      if (news != null || forgot) {
        show();
      }
    } finally {
      showing.unlock();
    }
  }

  private boolean forget(long now) {
    return definitions
        .values()
        .removeIf(one -> now - one.at > Math.max(DEFINING_NANOS, everyNanos));
  }

  /**
   * Throws if no reset makes a session again what it was when it began, so that it has to be
   * closed.
   *
   * @param left what was left in the session: bits of {@link SessionReset}
   */
  public void requireResettable(ResetMode mode, int left) throws SQLException {
    if ((left & SessionReset.UNTIL_ITS_END) != 0) {
      throw new SQLException(
          "A replication origin, a base backup or a temporary replication slot may be left, which"
              + " end with the session",
          "HY000");
    }
    int cleared = mode == ResetMode.DISCARD_ALL ? SessionReset.ANYTHING : left;
    if ((table.login() & cleared) != 0) { // and nobody can have the trigger run again
      throw new SQLException(
          "A reset would take away what an event trigger has set when the session began", "HY000");
    }
  }

  /** The names that leave something in a session, in order, as far as they were read. */
  public List<String> tracing() {
    return table.tracing();
  }

  /** What the user should know; empty if nothing. */
  public List<String> notes() {
    List<String> notes = new ArrayList<>();
    String why = unreadable;
    if (why != null && !table.isComplete()) {
      notes.add(
          "What functions and triggers leave in a session can't be known here ("
              + why
              + "): only what the texts of statements show is cleared. If functions set anything in"
              + " the session, set reset = discard-all");
    }
    notes.addAll(warnings);
    return notes;
  }

  /** What the user should know of the first reading; later ones say nothing new. */
  private static List<String> warnings(NameTable found) {
    List<String> warnings = new ArrayList<>();
    List<String> tracing = found.tracing();
    if (!tracing.isEmpty()) {
      warnings.add(ofTracing(tracing));
    }
    if (found.login() != 0) {
      warnings.add(
          "An event trigger sets state in each session when it logs in, which a reset would take"
              + " away: a connection that is to be reset is closed instead. Set it by ALTER ROLE ..."
              + " SET or by connection-init-sql. See docs/session-state.md");
    }
    return warnings;
  }

  private static String ofTracing(List<String> tracing) {
    int shown = Math.min(SHOWN, tracing.size());
    return tracing.size()
        + " names of functions, tables or views leave state in a session when they are used, or"
        + " might ("
        + String.join(", ", tracing.subList(0, shown))
        + (tracing.size() > shown ? ", ..." : "")
        + "): a connection whose statements name them is cleaned when it comes back, at a round"
        + " trip. What others change in them is known at the next health check (with health-check ="
        + " look, when the next connection is opened); reset ="
        + " discard-all cleans every connection, whatever is known. See docs/session-state.md";
  }
}
