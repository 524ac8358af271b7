/**
 * The regimes: JMH's where no thread waits, and elsewhere crowds of threads that are measured in
 * one window of time common to all of them.
 */
@NullMarked
package io.everpool.benchmarks.harness;

import org.jspecify.annotations.NullMarked;
