/** The pool as its users see it: settings, units of work, snapshots and exceptions. */
@NullMarked
package io.everpool.api;

import org.jspecify.annotations.NullMarked;
