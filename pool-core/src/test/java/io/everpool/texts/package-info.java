/** What people are told, as they read it: by programs that are none of the pool's own. */
@NullMarked
package io.everpool.texts;

import org.jspecify.annotations.NullMarked;
