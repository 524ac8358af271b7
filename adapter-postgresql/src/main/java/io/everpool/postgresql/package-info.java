/**
 * PostgreSQL through pgjdbc: URLs, a socket that can be looked at, session set-up and reset, what a
 * failure means, and what became of a COMMIT.
 */
@NullMarked
package io.everpool.postgresql;

import org.jspecify.annotations.NullMarked;
