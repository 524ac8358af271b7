/** Units of work: what may be rerun after a failure, and what became of a commit. */
@NullMarked
package io.everpool.core.work;

import org.jspecify.annotations.NullMarked;
