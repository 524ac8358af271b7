/** A database that does nothing, so that what is measured is the pool alone. */
@NullMarked
package io.everpool.benchmarks.stub;

import org.jspecify.annotations.NullMarked;
