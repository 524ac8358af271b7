package io.everpool.micrometer;

import io.everpool.api.PoolSnapshot;
import io.micrometer.core.instrument.Tags;
import java.util.function.ToIntFunction;

/**
 * A gauge: its name, the tags that it has beside those of all metrics, and how it is read from the
 * pool.
 *
 * @param what a sentence that says what the gauge shows
 */
record Figure(String name, Tags tags, String what, ToIntFunction<PoolSnapshot> of) {

  Figure(String name, String what, ToIntFunction<PoolSnapshot> of) {
    this(name, Tags.empty(), what, of);
  }
}
