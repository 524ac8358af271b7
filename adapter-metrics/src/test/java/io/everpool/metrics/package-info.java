/** Tests of a pool's metrics. */
@NullMarked
package io.everpool.metrics;

import org.jspecify.annotations.NullMarked;
