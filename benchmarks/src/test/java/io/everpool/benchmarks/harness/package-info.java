/** Tests of the package of the same name. */
@NullMarked
package io.everpool.benchmarks.harness;

import org.jspecify.annotations.NullMarked;
