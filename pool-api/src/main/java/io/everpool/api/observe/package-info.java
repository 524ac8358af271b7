/** The ports to whoever watches: cold events as records, hot measurements as primitives. */
@NullMarked
package io.everpool.api.observe;

import org.jspecify.annotations.NullMarked;
