/** Tests of a pool's books. */
@NullMarked
package io.everpool.metrics;

import org.jspecify.annotations.NullMarked;
