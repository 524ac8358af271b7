/** What the pool counts and tells of itself: events, counters, the log. */
@NullMarked
package io.everpool.core.observe;

import org.jspecify.annotations.NullMarked;
