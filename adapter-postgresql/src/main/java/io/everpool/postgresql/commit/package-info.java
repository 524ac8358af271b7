/**
 * What became of a COMMIT without an answer: a ticket that is written before the COMMIT, and later
 * the evidence of the server and of its log. The connector's connections use it.
 */
@NullMarked
package io.everpool.postgresql.commit;

import org.jspecify.annotations.NullMarked;
