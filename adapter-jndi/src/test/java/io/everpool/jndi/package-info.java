/** Pools as JNDI resources. */
@NullMarked
package io.everpool.jndi;

import org.jspecify.annotations.NullMarked;
