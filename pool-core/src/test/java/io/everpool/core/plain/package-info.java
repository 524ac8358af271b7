/** Drivers without an adapter. */
@NullMarked
package io.everpool.core.plain;

import org.jspecify.annotations.NullMarked;
