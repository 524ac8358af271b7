/**
 * The pool as its users see it: settings, units of work, snapshots and exceptions.
 *
 * <p>A later version may add constants to the enums of this and of the other packages: a {@code
 * switch} over one wants a {@code default}, and their order means nothing. Records may get further
 * components: read them by their accessors.
 */
@NullMarked
package io.everpool.api;

import org.jspecify.annotations.NullMarked;
