/** Puts the pool together. */
@NullMarked
package io.everpool.core;

import org.jspecify.annotations.NullMarked;
