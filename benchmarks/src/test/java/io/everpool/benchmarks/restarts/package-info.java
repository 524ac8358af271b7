/** Tests of the restart benchmark. */
@NullMarked
package io.everpool.benchmarks.restarts;

import org.jspecify.annotations.NullMarked;
