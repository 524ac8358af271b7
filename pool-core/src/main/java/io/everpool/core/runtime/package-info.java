/** The system's clock, threads and randomness: the only place that knows them. */
@NullMarked
package io.everpool.core.runtime;

import org.jspecify.annotations.NullMarked;
