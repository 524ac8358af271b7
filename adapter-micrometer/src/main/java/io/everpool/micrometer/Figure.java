package io.everpool.micrometer;

import io.everpool.api.PoolSnapshot;
import io.micrometer.core.instrument.Tags;
import java.util.function.ToIntFunction;

/**
 * A gauge: what it is called, beside the tags that all have, and how it is read off the pool.
 *
 * @param what it shows, in a sentence
 */
record Figure(String name, Tags tags, String what, ToIntFunction<PoolSnapshot> of) {

  Figure(String name, String what, ToIntFunction<PoolSnapshot> of) {
    this(name, Tags.empty(), what, of);
  }
}
