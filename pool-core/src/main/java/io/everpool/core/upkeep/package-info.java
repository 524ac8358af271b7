/**
 * Keeps the pool in shape: opens, examines, evicts and closes connections, and takes no caller's
 * time for that.
 */
@NullMarked
package io.everpool.core.upkeep;

import org.jspecify.annotations.NullMarked;
