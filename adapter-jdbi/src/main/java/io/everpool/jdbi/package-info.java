/** Jdbi over the pool: handles and transactions that are rerun, and JSONB both ways. */
@NullMarked
package io.everpool.jdbi;

import org.jspecify.annotations.NullMarked;
