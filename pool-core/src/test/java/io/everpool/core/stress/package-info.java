/** The whole pool under more threads, kills and interrupts than any reader can follow. */
@NullMarked
package io.everpool.core.stress;

import org.jspecify.annotations.NullMarked;
