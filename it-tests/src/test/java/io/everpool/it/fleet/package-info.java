/** Many pools in many processes on a server that has too few slots for them. */
@NullMarked
package io.everpool.it.fleet;

import org.jspecify.annotations.NullMarked;
