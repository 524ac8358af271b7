/** Tests of a pool's meters. */
@NullMarked
package io.everpool.micrometer;

import org.jspecify.annotations.NullMarked;
