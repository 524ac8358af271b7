/** Jdbi over a pool: handles and transactions that are rerun, and JSONB in both directions. */
@NullMarked
package io.everpool.jdbi;

import org.jspecify.annotations.NullMarked;
