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
 * <p>The catalogues are read when a connection has been opened and at health checks, never while a
 * caller waits. What this pool's own statements define is known at once, from their texts. What
 * others define is known after the next reading; until then a function with a new name is taken to
 * do everything.
 */
public final class SessionCatalog {

  /**
   * How long, in nanoseconds, a definition counts by its text: for so long its transaction may be
   * open, so that a reading doesn't see it.
   */
  private static final long DEFINING_NANOS = 120_000_000_000L;

  private static final int SHOWN = 5;

  /**
   * If so many sessions in a row are lost while they read, it is taken to be the reading that ends
   * them.
   */
  private static final int MOST_LOST = 3;

  /**
   * The bits that a text gives to a name, and when this text was seen ({@code System.nanoTime()}).
   */
  private record Definition(int bits, long at) {}

  /**
   * What a text may leave in the session, as bits of {@link SessionReset}.
   *
   * @param byItself what the text leaves when it is run
   * @param byOthers what other statements leave, if they were prepared before it in the same lease
   *     and are run afterwards: what they use means something else by then
   */
  public record Left(int byItself, int byOthers) {

    /** All that may have to be cleared. */
    public int inAll() {
      return byItself | byOthers;
    }
  }

  private final long everyNanos;
  private final ReentrantLock reading = new ReentrantLock();

  /**
   * Guards {@link #definitions}, {@link #table} and {@link #shown}; nothing is sent while a thread
   * holds it.
   */
  private final ReentrantLock showing = new ReentrantLock();

  private final Map<String, Definition> definitions = new HashMap<>();

  /** The table as it was read from the catalogues. */
  private volatile NameTable table = NameTable.EMPTY;

  /** The table by which statements are judged: {@link #table} and the {@link #definitions}. */
  private volatile NameTable shown = NameTable.EMPTY;

  private volatile Runnable listener = () -> {};

  /** Why a reading has failed; users are told of it as long as no reading has succeeded. */
  private volatile @Nullable String unreadable;

  private volatile List<String> warnings = List.of();

  /**
   * What {@link CatalogReader#FINGERPRINT} answered at the last reading; guarded by {@link
   * #reading}.
   */
  private String fingerprint = "";

  private volatile long readAt;

  /** Whether there was a reading, successful or not; one whose session was lost doesn't count. */
  private volatile boolean tried;

  /**
   * How many sessions in a row were lost while they read. A session counts together with all that
   * waited for its reading: one outage takes them together. Written under {@link #reading}.
   */
  private volatile int lost;

  /**
   * @param everyNanos how old a reading may be when a connection is opened, in nanoseconds
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
   * Notes what was defined. This happens under the lock {@link #showing}: two threads may define
   * something at the same moment, or one while the catalogues are read, and each makes a new table.
   * Without the lock the later thread could show a table without what the other has added.
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

  /** Makes the table by which statements are judged. The caller holds the lock {@link #showing}. */
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
   * How much of the time that an opening or an examination has may be spent on a reading. It is
   * half of it, because a healthy connection must not be cut when the catalogues are large, or
   * locked.
   *
   * @param pooled whether a pooler lies before the server. It may lend the server connection for
   *     single statements and allow no transaction, so that there is no limit
   */
  public static Duration limit(long timeoutNanos, boolean pooled) {
    return pooled ? Duration.ZERO : Duration.ofNanos(Math.max(1, timeoutNanos / 2));
  }

  /**
   * Asks in one question whether something has changed, and reads the catalogues again if so. No
   * transaction may be open. If another thread is reading, this does nothing, except before the
   * first reading: then it waits for the other thread.
   *
   * @param limit how long the server may take; zero for as long as it needs
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
        return; // another thread has read them meanwhile
      }
      long begun = System.nanoTime();
      CatalogQueries.within(limit, connection, this::look);
      readAt = begun;
      tried = true;
      lost = 0;
    } catch (SQLException e) {
      if (FailureRules.classify(e).fatal()) {
        // A lost session says nothing of the catalogues: the next session has to read them, and is
        // lent only when it has. But this doesn't go on for ever where something ends each session
        // that reads.
        if (lost == lostBefore) {
          lost = lostBefore + 1;
        }
        if (lost >= MOST_LOST) {
          unreadable(e);
        }
        throw e;
      }
      // The server has no catalogues like PostgreSQL's, or none for this role, or the reading took
      // too long. They are asked again later, and until then what was known counts.
      unreadable(e);
    } catch (RuntimeException e) {
      // This is a mistake in the reading, because of which nobody shall go without a connection. Or
      // it is the driver's mistake, which may have left answers behind that the next question would
      // get.
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
   * Takes the lock {@link #reading}; returns false if another thread is reading. Before the first
   * reading nothing is known, so a caller waits for it.
   */
  private boolean begin(boolean first) {
    if (first) {
      reading.lock();
      return true;
    }
    return reading.tryLock();
  }

  private void look(CatalogQueries queries) throws SQLException {
    // what was defined shortly before may be invisible until the next reading
    long begun = System.nanoTime();
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
   * Throws if no reset brings the session back to what it was when it began, so that it has to be
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
    if ((table.login() & cleared) != 0) { // nobody can make the login trigger run again
      throw new SQLException(
          "A reset would take away what an event trigger has set when the session began", "HY000");
    }
  }

  /**
   * The names that leave something in a session, in alphabetical order, as far as they were read.
   */
  public List<String> tracing() {
    return table.tracing();
  }

  /** What the user should know; empty if there is nothing. */
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
