/** A pool's gauges, timers, counters and health check in Dropwizard Metrics. */
@NullMarked
package io.everpool.metrics;

import org.jspecify.annotations.NullMarked;
