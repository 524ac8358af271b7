/** The pool's books and what it tells of itself. */
@NullMarked
package io.everpool.core.observe;

import org.jspecify.annotations.NullMarked;
