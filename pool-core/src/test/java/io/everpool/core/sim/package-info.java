/** The real engine and upkeep in a world of one thread, one seed and virtual time. */
@NullMarked
package io.everpool.core.sim;

import org.jspecify.annotations.NullMarked;
