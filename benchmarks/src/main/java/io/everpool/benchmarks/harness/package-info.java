/**
 * The regimes. Where no thread waits, JMH measures; elsewhere crowds of threads are measured in one
 * window of time that is common to all of them.
 */
@NullMarked
package io.everpool.benchmarks.harness;

import org.jspecify.annotations.NullMarked;
