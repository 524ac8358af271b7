/** What happens in a pool, as events of JDK Flight Recorder. */
@NullMarked
package io.everpool.jfr;

import org.jspecify.annotations.NullMarked;
