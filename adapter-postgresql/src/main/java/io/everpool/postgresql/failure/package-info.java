/**
 * What a failure means, in a table, and how it is told. A server that a failover has superseded is
 * such a failure, too. For everybody who asks a server something.
 */
@NullMarked
package io.everpool.postgresql.failure;

import org.jspecify.annotations.NullMarked;
