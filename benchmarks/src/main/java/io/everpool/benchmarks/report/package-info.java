/** Makes tables, bars, charts and JSON from samples. */
@NullMarked
package io.everpool.benchmarks.report;

import org.jspecify.annotations.NullMarked;
