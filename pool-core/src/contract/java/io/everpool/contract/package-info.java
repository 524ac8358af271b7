/** What every driver's adapter has to do for the pool, as tests that each of them runs. */
@NullMarked
package io.everpool.contract;

import org.jspecify.annotations.NullMarked;
