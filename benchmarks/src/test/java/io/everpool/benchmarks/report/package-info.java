/** Tests of the package of the same name. */
@NullMarked
package io.everpool.benchmarks.report;

import org.jspecify.annotations.NullMarked;
