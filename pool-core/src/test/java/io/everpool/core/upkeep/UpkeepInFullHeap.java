package io.everpool.core.upkeep;

import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.jdbc.FakeDriver;
import io.everpool.core.jdbc.FakePhysical;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.runtime.FullHeap;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

/**
 * Where there is no memory for a while nothing of it stays: no connection counts as one that hangs,
 * none is left that nobody knows of, and no connect as one that is under way.
 */
public final class UpkeepInFullHeap {
  private static final Error EXHAUSTED = new OutOfMemoryError("by hand");

  private final FakeDriver driver = new FakeDriver();
  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private final PoolEvents events = new PoolEvents("pool", List.of());
  private final PoolConfig config = PoolConfig.builder("fake:").minSize(1).maxSize(2).build();
  private final Source source = new Source();
  private final Environment environment =
      new Environment(
          System::nanoTime,
          InstantSource.system(),
          new Asleep(),
          tasks::add,
          tasks::add,
          () -> 0.5,
          nanos -> {});
  private final SharedState shared =
      new SharedState(config, source, source::classify, environment, events);
  private final Probes probes = new Probes(config, source::classify, events, shared);
  private final Connects connects =
      new Connects(config, source, source::classify, environment, null, events, shared, this::seat);
  private final Slot first = shared.engine.slots()[0];
  private final Slot second = shared.engine.slots()[1];
  private boolean exhausted;
  private boolean fills;
  private boolean well = true;

  private record Seat(long number, PhysicalConnection physical, long queries)
      implements PooledEntry {}

  private final class Source implements Connector {
    @Override
    public String product() {
      return "Fake";
    }

    @Override
    public String target() {
      return "nowhere";
    }

    @Override
    public PhysicalConnection open(long timeoutNanos) {
      return driver.open();
    }

    @Override
    public Verdict classify(Throwable failure) {
      return Verdict.CONNECTION_LOST;
    }

    @Override
    public SideEffects sideEffects(String sql) {
      return SideEffects.NONE;
    }
  }

  private UpkeepInFullHeap() {}

  private void work() {
    try {
      for (Runnable task; (task = tasks.poll()) != null; ) {
        task.run();
      }
    } finally {
      FullHeap.free();
    }
  }

  /** Twice: what the first time has cleared (soft references) frees a bit more a moment later. */
  private static void fill() {
    FullHeap.fill();
    FullHeap.fill();
  }

  private static void inFullHeap(Runnable what) {
    fill();
    try {
      what.run();
    } catch (OutOfMemoryError e) {
      // it may fail
    } finally {
      FullHeap.free();
    }
  }

  private PooledEntry seat(Slot slot, long number, PhysicalConnection physical) {
    if (fills) {
      fill();
    }
    if (exhausted) {
      throw EXHAUSTED;
    }
    return new Seat(number, physical, 0);
  }

  private void open(Slot slot) {
    connects.begin(slot);
    work();
  }

  private void connect() {
    open(first);
    exhausted = true;
    open(second);
    fills = true;
    open(second);
    fills = false;
    exhausted = false;
    check("a connect is under way", second.state() == State.EMPTY);
  }

  private void examination() {
    Runnable begin = () -> probes.begin(first, first.word(), Probes.Extent.LOOK);
    begin.run();
    work();
    for (int i = 0; i < 3; i++) { // what is free yet for one isn't for the next
      inFullHeap(begin);
      work();
    }
    check("an examination hangs", first.state() == State.IDLE);
  }

  /** Of one that has slept. */
  private void laterExamination() {
    Runnable examine = () -> shared.sleepers.examine(probes);
    leaveToExamination();
    examine.run();
    work();
    leaveToExamination();
    inFullHeap(examine);
    examine.run();
    work();
    check("an examination is forgotten", first.state() == State.IDLE);
  }

  private void leaveToExamination() {
    first.attempt(Move.PROBE);
    first.unexaminedWord = first.word();
    shared.stirred.add(first.index);
    shared.activity.take(System.nanoTime(), false);
  }

  private void unwanted() throws SQLException {
    Ending.unwanted(driver.open(), "pool");
    FakePhysical physical = driver.open();
    inFullHeap(() -> Ending.unwanted(physical, "pool"));
    check("a connection is left", physical.closed());
  }

  private void check(String otherwise, boolean so) {
    if (!so) {
      System.out.println(otherwise);
      well = false;
    }
  }

  public static void main(String[] args) throws SQLException {
    UpkeepInFullHeap it = new UpkeepInFullHeap();
    it.connect();
    it.examination();
    it.laterExamination();
    it.unwanted();
    if (it.well) {
      System.out.println("went well");
    }
  }
}
