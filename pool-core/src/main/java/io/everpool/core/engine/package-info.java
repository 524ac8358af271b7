/** Slots, their moves and those who wait for them: no JDBC, no blocking, no clock of its own. */
@NullMarked
package io.everpool.core.engine;

import org.jspecify.annotations.NullMarked;
