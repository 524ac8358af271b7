/**
 * What keeps the pool in shape: opening, examining, evicting and closing, on nobody else's time.
 */
@NullMarked
package io.everpool.core.upkeep;

import org.jspecify.annotations.NullMarked;
