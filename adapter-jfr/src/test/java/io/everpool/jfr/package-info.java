/** Tests of the events in recordings. */
@NullMarked
package io.everpool.jfr;

import org.jspecify.annotations.NullMarked;
