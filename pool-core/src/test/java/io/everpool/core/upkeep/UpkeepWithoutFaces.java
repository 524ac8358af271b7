package io.everpool.core.upkeep;

import io.everpool.api.CredentialsProvider;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.observe.PoolEvents;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A pool's engine and upkeep, put together as the pool does it, but without the JDBC faces: the
 * test itself does what callers' threads would do.
 */
public final class UpkeepWithoutFaces {
  private final SharedState shared;
  private final Upkeep upkeep;

  private record Seat(long number, PhysicalConnection physical, long queries)
      implements PooledEntry {}

  public UpkeepWithoutFaces(
      PoolConfig config,
      Connector connector,
      Function<Throwable, Verdict> classifier,
      Environment environment,
      PoolEvents events) {
    this(config, connector, classifier, environment, null, events);
  }

  public UpkeepWithoutFaces(
      PoolConfig config,
      Connector connector,
      Function<Throwable, Verdict> classifier,
      Environment environment,
      @Nullable CredentialsProvider credentials,
      PoolEvents events) {
    shared = new SharedState(config, connector, classifier, environment, events);
    upkeep =
        new Upkeep(
            config,
            connector,
            classifier,
            environment,
            credentials,
            events,
            shared,
            (slot, number, physical) -> new Seat(number, physical, 0));
  }

  public void start() {
    upkeep.start();
  }

  public Engine engine() {
    return shared.engine();
  }

  public Reachability server() {
    return shared.server();
  }

  public Resets resets() {
    return shared.resets();
  }

  /** What a look at a lent connection begins with; returns the slot. */
  public Slot lent(Slot slot) {
    if (slot.hadRested(slot.lease)) {
      shared.rest().stir(slot);
    }
    return slot;
  }

  /** Whether it is to be examined before anybody is lent it, and the lease is over. */
  public boolean sendToExamination(Slot slot) {
    return slot.hadSlept(slot.lease) && shared.sleepers().leaveToExamination(slot, slot.lease);
  }

  /** Whoever has less time than it may take to answer has it examined; the lease is over. */
  public boolean leaveToExamination(Slot slot) {
    return shared.sleepers().leaveToExamination(slot, slot.lease);
  }

  /** What whoever has waited for a connection asks of it where that is wanted. */
  public void askForRoom(Slot slot) throws SQLException {
    if (shared.full().takeQuestion()) {
      shared.full().ask(Closer.entry(slot).physical());
    }
  }

  public UnitDeadlines unitDeadlines() {
    return shared.unitDeadlines();
  }

  public boolean waking() {
    return shared.sleep().waking();
  }

  public boolean asleep() {
    return shared.sleep().asleep();
  }

  public long unmovedFor(Slot slot) {
    return shared.unmovedFor(slot);
  }

  public long idleFor(Slot slot, long now) {
    return shared.activity.idleFor(slot.index, now);
  }

  public void suspect() {
    shared.reports().suspect();
  }

  public void failed(PooledEntry entry, Verdict verdict, String message) {
    shared.reports().failed(entry, verdict, message);
  }

  /** A write was refused on a connection that somebody holds. */
  public PrimarySearch.Refusal writeRefused(Slot slot) {
    return shared.search().refused(slot);
  }

  public void fence(String why) {
    upkeep.fence(why);
  }

  public void evictIdle() {
    upkeep.evictIdle();
  }

  public void resize(int minSize, int maxSize) {
    upkeep.resize(minSize, maxSize);
  }

  public void suspend() {
    upkeep.suspend();
  }

  public void resume() {
    upkeep.resume();
  }

  public int connectsGivenUp() {
    return upkeep.connectsGivenUp();
  }

  public Bounds bounds() {
    return shared.bounds();
  }

  public CompletableFuture<Void> drain() {
    return upkeep.drain();
  }
}
