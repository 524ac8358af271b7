/** The pools that are compared, each opened with settings that come to the same. */
@NullMarked
package io.everpool.benchmarks.contenders;

import org.jspecify.annotations.NullMarked;
