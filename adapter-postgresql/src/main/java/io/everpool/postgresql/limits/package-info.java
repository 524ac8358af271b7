/**
 * How many connections a server takes, and who has them: {@link
 * io.everpool.postgresql.limits.Slots}.
 */
@NullMarked
package io.everpool.postgresql.limits;

import org.jspecify.annotations.NullMarked;
