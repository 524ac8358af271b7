/** Tables, bars, charts and JSON out of samples. */
@NullMarked
package io.everpool.benchmarks.report;

import org.jspecify.annotations.NullMarked;
