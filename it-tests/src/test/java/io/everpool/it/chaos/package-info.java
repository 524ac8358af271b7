/** A ledger that is worked on while fault after fault strikes, and what remains of it. */
@NullMarked
package io.everpool.it.chaos;

import org.jspecify.annotations.NullMarked;
