/**
 * What a failure means, in a table, and how it is told. A server that a failover has superseded
 * counts as such a failure, too. All packages that ask a server something use it.
 */
@NullMarked
package io.everpool.postgresql.failure;

import org.jspecify.annotations.NullMarked;
