package io.everpool.core.work;

import io.everpool.core.jdbc.OneShotObserver;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import io.everpool.core.jdbc.Unsent;
import java.io.ByteArrayInputStream;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a unit was given that can be used only once, and whether it has used it: another run would
 * find less of it, or nothing, and write that.
 *
 * <p>Four kinds are seen:
 *
 * <ul>
 *   <li>What a statement was given before the unit (rows of a batch, a stream as a value). The unit
 *       uses it by executing the statement, so that is known when the run fails.
 *   <li>A result set that was open before the unit, if it is read on or a row of it is written.
 *       That is known when the run fails, too. The result set stays where it is, and a rollback
 *       brings back nothing of what a driver holds of it.
 *   <li>A stream that the work has from elsewhere, or an iterator of which a framework tells. That
 *       it is from elsewhere shows only when a further run gives the same one to the driver or the
 *       framework again: that run fails there, and isn't committed, whatever the work makes of the
 *       failure. Nobody can say which part of a stream was read, nor whether the work has reset it,
 *       except for bytes in memory.
 *   <li>A stream that is copied (COPY) by the driver's own object. It shows by what is sent: {@link
 *       StreamedRuns}.
 * </ul>
 *
 * <p>Used on the unit's thread.
 */
final class OneShots implements OneShotObserver {
  static final String USED =
      "it has used up a batch, a stream or the rows of a result set that were there before it: add"
          + " the rows, run the query, open the stream within the work";

  private static final String SAME_STREAM =
      "a further run was given the same stream or iterator as the one before, which may have read"
          + " it: make the iterator, open the stream within the work";

  private static final String REST =
      "a further run has copied (COPY, by the driver's own object) what may be the rest of a stream"
          + " that the one before has read: open the stream within the work";

  private static final String EMPTIED =
      "a run has cleared a batch, or a stream, that a statement was given before it, and the next has"
          + " used it: add the rows, open the stream within the work";

  private static final String PLACED =
      "a run has gone to a row of its choice in a result set that was open before it, and the next"
          + " has read on from there: run the query within the work";

  private final PooledConnection face;

  /** What the unit around it on the same connection was given. */
  private final @Nullable OneShots outer;

  /** What the unit around it on the same thread was given. */
  private final @Nullable OneShots around;

  /** Statements that were open when the unit began, and those of them that it has executed. */
  private final List<Statement> open;

  private final List<Statement> executed = new ArrayList<>(0);

  private final List<Before> before;

  /** Result sets that were open then, as far as the unit has used them. */
  private final List<Before> rows = new ArrayList<>(0);

  private final StreamedRuns streamed;

  private @Nullable Streams streams;
  private int run;
  private boolean usedUp;
  private @Nullable String refusal;

  /**
   * @param open the statements that are open on the connection
   */
  OneShots(
      PooledConnection face,
      List<Statement> open,
      @Nullable OneShots outer,
      @Nullable OneShots around) {
    this.face = face;
    this.open = open;
    this.outer = outer;
    this.around = around;
    this.streamed = new StreamedRuns(face, outer == null ? null : outer.streamed);
    List<Unsent> there = face.unsent();
    this.before = there.isEmpty() ? List.of() : there.stream().map(Before::new).toList();
  }

  /** What a statement had when the unit began, or a result set that was open. */
  private static final class Before {
    private final Object holder;

    /** Null for rows of a result set. */
    private final Unsent.@Nullable Kind kind;

    /** The first run, and below the last, that had it forgotten or went to a row; 0 for none. */
    private int firstDropped;

    private int lastDropped;

    Before(Unsent unsent) {
      holder = unsent.statement();
      kind = unsent.kind();
    }

    Before(ResultSet rows) {
      holder = rows;
      kind = null;
    }

    boolean is(Object other, Unsent.@Nullable Kind what) {
      return holder == other && kind == what;
    }

    void drop(int run) {
      firstDropped = firstDropped == 0 ? run : firstDropped;
      lastDropped = run;
    }
  }

  /** A run begins. */
  void begin() {
    run++;
    usedUp = false;
    refusal = null;
    streamed.begin();
  }

  /** As {@link io.everpool.core.jdbc.UnitObserver#moves}. */
  void moves(@Nullable Session to) {
    streamed.moves(to);
  }

  /** The unit is over. */
  void end() {
    streamed.end();
  }

  /**
   * Has statements that a failed run has left forget what that run has given them: the next run
   * gives it to them again.
   */
  void startOver() throws SQLException {
    for (Unsent left : face.unsent()) {
      Statement statement = left.statement();
      boolean stays = before.stream().anyMatch(each -> each.is(statement, left.kind()));
      if (!stays && left.kind() == Unsent.Kind.ROWS && !statement.isClosed()) {
        statement.clearBatch();
      }
    }
  }

  // ---- what it hears

  @Override
  public void given(Object stream) throws SQLException {
    String why = hear(stream);
    if (why != null) {
      throw new NotRerunException("The work is not run again: " + why);
    }
  }

  private @Nullable String hear(Object stream) {
    if (streams == null) {
      streams = new Streams();
    }
    if (!streams.add(stream, run)) {
      refusal = SAME_STREAM;
    }
    String why = refusal;
    if (outer != null) {
      why = first(why, outer.hear(stream));
    }
    if (around != null && around != outer) {
      why = first(why, around.hear(stream));
    }
    return why;
  }

  @Override
  public void using(Statement statement, Unsent.Kind kind) throws SQLException {
    String why = null;
    for (OneShots at = this; at != null; at = at.outer) {
      at.use(statement, kind);
      why = first(why, at.refusal);
    }
    if (why != null) {
      throw new NotRerunException("The work is not run again: " + why);
    }
  }

  private void use(Statement statement, Unsent.Kind kind) {
    for (Before each : before) {
      if (each.is(statement, kind) && each.lastDropped != run) {
        usedUp = true;
        if (each.firstDropped != 0) {
          refusal = EMPTIED;
        }
      }
    }
  }

  @Override
  public void dropping(Statement statement, Unsent.Kind kind) {
    for (OneShots at = this; at != null; at = at.outer) {
      for (Before each : at.before) {
        if (each.is(statement, kind)) {
          each.drop(at.run);
        }
      }
    }
  }

  // ---- rows

  @Override
  public void executing(Statement statement) {
    for (OneShots at = this; at != null; at = at.outer) {
      if (at.wasThere(statement)) {
        at.executed.add(statement);
      }
    }
  }

  /** Whether all that a statement has was there before the unit. */
  private boolean wasThere(Statement statement) {
    return open.contains(statement) && !executed.contains(statement);
  }

  @Override
  public void advancing(Statement statement) {
    for (OneShots at = this; at != null; at = at.outer) {
      at.usedUp |= at.wasThere(statement);
    }
  }

  @Override
  public @Nullable OneShotObserver since(Statement statement) {
    OneShots at = this;
    while (at != null && at.wasThere(statement)) {
      at = at.outer;
    }
    return at;
  }

  @Override
  public void reading(ResultSet result, @Nullable OneShotObserver since) throws SQLException {
    String why = null;
    for (OneShots at = this; at != null && !at.isAround(since); at = at.outer) {
      Before known = at.rowsOf(result);
      if (known.lastDropped != at.run) {
        at.usedUp = true;
        at.refusal = known.firstDropped == 0 ? at.refusal : PLACED;
      }
      why = first(why, at.refusal);
    }
    if (why != null) {
      throw new NotRerunException("The work is not run again: " + why);
    }
  }

  @Override
  public void writing(ResultSet result, @Nullable OneShotObserver since) {
    for (OneShots at = this; at != null && !at.isAround(since); at = at.outer) {
      at.usedUp = true;
    }
  }

  @Override
  public void placing(ResultSet result, @Nullable OneShotObserver since) {
    for (OneShots at = this; at != null && !at.isAround(since); at = at.outer) {
      at.rowsOf(result).drop(at.run);
    }
  }

  /** Whether what was opened within the unit of {@code since} was opened within this one, too. */
  private boolean isAround(@Nullable OneShotObserver since) {
    for (OneShots at = since instanceof OneShots own ? own : null; at != null; at = at.outer) {
      if (at == this) {
        return true;
      }
    }
    return false;
  }

  private Before rowsOf(ResultSet result) {
    for (Before each : rows) {
      if (each.is(result, null)) {
        return each;
      }
    }
    Before first = new Before(result);
    rows.add(first);
    return first;
  }

  private static @Nullable String first(@Nullable String one, @Nullable String other) {
    return one == null ? other : one;
  }

  // ---- what follows

  /** Whether another run would not find what the present one has found. */
  boolean usedUp() {
    return usedUp || refusal() != null;
  }

  /** Why the present run has to end with the failure of the one before; null if it hasn't. */
  @Nullable String refusal() {
    if (refusal == null && streamed.isRefused()) {
      refusal = REST;
    }
    return refusal;
  }

  /**
   * Throws if the present run, or that of a unit around it, hasn't found what the first one found.
   */
  void requireWhole() throws SQLException {
    for (OneShots at = this; at != null; at = at.around == null ? at.outer : at.around) {
      String why = at.refusal();
      if (why != null) {
        throw new NotRerunException("The work is not run again: " + why);
      }
    }
  }

  /** The streams that a unit was given, as long as anybody else has them. */
  private static final class Streams {
    private final Map<Given, Given> all = new HashMap<>();
    private final ReferenceQueue<Object> gone = new ReferenceQueue<>();

    /** False if an earlier run was given it, and may have read some of it since. */
    boolean add(Object stream, int run) {
      for (Reference<?> each = gone.poll(); each != null; each = gone.poll()) {
        all.remove(each);
      }
      Given now = new Given(stream, gone, run);
      Given known = all.putIfAbsent(now, now);
      if (known == null) {
        return true;
      }
      boolean whole = known.run == run || (now.left >= 0 && now.left == known.left);
      known.run = run;
      return whole;
    }
  }

  /** A stream that was given; two are equal if they refer to the same stream. */
  private static final class Given extends WeakReference<Object> {
    private final int hash;

    /** How much there was to read, if that is certain; otherwise below 0. */
    private final int left;

    private int run;

    Given(Object stream, ReferenceQueue<Object> gone, int run) {
      super(stream, gone);
      this.hash = System.identityHashCode(stream);
      this.left = stream instanceof ByteArrayInputStream bytes ? bytes.available() : -1;
      this.run = run;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      if (this == other) {
        return true;
      }
      Object mine = get();
      return mine != null && other instanceof Given given && given.get() == mine;
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }
}
