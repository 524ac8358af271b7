package io.everpool.micrometer;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * What one pool has in a registry; nothing of others is touched. If a meter is registered a second
 * time, a registry returns the first one; so it is checked whether that was there before.
 */
final class Registration {
  private final MeterRegistry registry;
  private final List<Meter> registered = new ArrayList<>();

  Registration(MeterRegistry registry) {
    this.registry = registry;
  }

  /**
   * Registers what {@code meters} makes.
   *
   * @throws IllegalArgumentException if one of the meters was there already; then nothing was
   *     registered
   */
  <T> T all(Function<Registrar, T> meters) {
    // If two pools have one name, one of them must be the first, also if two applications have each
    // loaded this class and share the registry. So the registry's own monitor is used; it is held
    // while a pool registers.
    synchronized (registry) {
      Set<Meter> before = Collections.newSetFromMap(new IdentityHashMap<>());
      before.addAll(registry.getMeters());
      List<Meter> added = new ArrayList<>();
      boolean complete = false;
      try {
        T made = meters.apply(new Registrar(registry, before, added));
        registered.addAll(added);
        complete = true;
        return made;
      } finally {
        if (!complete) {
          remove(added);
        }
      }
    }
  }

  /** Removes what was registered. */
  void remove() {
    remove(registered);
  }

  /** Removes all meters, even if a listener of the registry throws in between. */
  private void remove(List<Meter> meters) {
    RuntimeException failure = null;
    for (Meter meter : meters) {
      try {
        registry.remove(meter);
      } catch (RuntimeException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** Registers meters, one by one. */
  record Registrar(MeterRegistry registry, Set<Meter> before, List<Meter> added) {

    <M extends Meter> M add(Function<MeterRegistry, M> meter) {
      M made = meter.apply(registry);
      if (before.contains(made)) {
        throw taken(made.getId());
      }
      added.add(made);
      return made;
    }
  }

  static IllegalArgumentException taken(Meter.Id id) {
    return new IllegalArgumentException(
        "The registry has a meter "
            + id.getName()
            + id.getTags()
            + " already: give each pool a name of its own (setting \"name\"), or tags of its own");
  }
}
