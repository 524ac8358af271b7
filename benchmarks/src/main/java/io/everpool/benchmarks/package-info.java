/** Everpool beside its peers: the command, its flags, and the order in which it measures. */
@NullMarked
package io.everpool.benchmarks;

import org.jspecify.annotations.NullMarked;
