/** The pools that are compared, each opened with settings that mean the same. */
@NullMarked
package io.everpool.benchmarks.contenders;

import org.jspecify.annotations.NullMarked;
