/** Pools with readers, on servers that the tests take away. */
@NullMarked
package io.everpool.core.replicas;

import org.jspecify.annotations.NullMarked;
