package io.everpool.core.upkeep;

import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A connection that was opened for a slot and isn't in it yet. */
final class Newcomer {
  final Slot slot;

  /** The slot's word, as long as the slot waits for this connection. */
  final long word;

  final PooledEntry entry;

  /** What it was opened with; null for the credentials of the configuration. */
  final @Nullable Answer answer;

  /** How many more its server has room for as it says, or a constant of {@link FullServer}. */
  final int room;

  /** When it was logged in; its age counts from then. */
  final long arrived;

  /** How long it took to open it and to set it up; nanoseconds. */
  final long took;

  private final AtomicBoolean taken = new AtomicBoolean();

  Newcomer(
      Slot slot,
      long word,
      PooledEntry entry,
      @Nullable Answer answer,
      int room,
      long arrived,
      long took) {
    this.slot = slot;
    this.word = word;
    this.entry = entry;
    this.answer = answer;
    this.room = room;
    this.arrived = arrived;
    this.took = took;
  }

  /** True for the first who asks: he lets it in, or ends it. */
  boolean take() {
    return taken.compareAndSet(false, true);
  }
}
