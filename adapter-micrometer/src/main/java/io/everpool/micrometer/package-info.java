/** A pool's gauges, timers and counters in Micrometer. */
@NullMarked
package io.everpool.micrometer;

import org.jspecify.annotations.NullMarked;
