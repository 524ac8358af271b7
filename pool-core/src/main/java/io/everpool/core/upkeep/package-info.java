/**
 * Keeps the pool in shape: opens, examines, evicts and closes connections, on threads of its own.
 */
@NullMarked
package io.everpool.core.upkeep;

import org.jspecify.annotations.NullMarked;
