/** A database that does nothing, so that what is left is the pool. */
@NullMarked
package io.everpool.benchmarks.stub;

import org.jspecify.annotations.NullMarked;
