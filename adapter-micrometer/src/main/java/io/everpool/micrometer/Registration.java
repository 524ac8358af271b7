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
 * What one pool has in a registry, and nobody else's. A registry gives whoever registers a meter
 * for the second time the first one, so it is looked whether that was there before.
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
   * @throws IllegalArgumentException if one of them was there; then nothing was registered
   */
  <T> T all(Function<Registrar, T> meters) {
    // Of two pools of one name one must be the first, also where two applications have each loaded
    // this class and share the registry: hence its own monitor. It is held while a pool registers.
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

  /** Takes out what was put in. */
  void remove() {
    remove(registered);
  }

  /** All of them, though a listener of the registry's throws at some. */
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

  /** Where meters are registered, one by one. */
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
