/** JMH's part: what a lease costs where no thread has to wait for one. */
@NullMarked
package io.everpool.benchmarks.jmh;

import org.jspecify.annotations.NullMarked;
