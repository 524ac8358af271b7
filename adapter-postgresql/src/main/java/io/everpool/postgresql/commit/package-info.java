/**
 * What became of a COMMIT without an answer: a ticket from before it, and later the evidence of the
 * server and of its log. For connections.
 */
@NullMarked
package io.everpool.postgresql.commit;

import org.jspecify.annotations.NullMarked;
