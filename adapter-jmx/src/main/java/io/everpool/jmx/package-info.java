/** An MXBean for each pool. */
@NullMarked
package io.everpool.jmx;

import org.jspecify.annotations.NullMarked;
