/** Units of work: what may be rerun, and what became of a COMMIT without an answer. */
@NullMarked
package io.everpool.core.work;

import org.jspecify.annotations.NullMarked;
