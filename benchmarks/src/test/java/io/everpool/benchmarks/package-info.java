/** Tests of the benchmarks: that they run and reckon rightly, never how fast anything is. */
@NullMarked
package io.everpool.benchmarks;

import org.jspecify.annotations.NullMarked;
