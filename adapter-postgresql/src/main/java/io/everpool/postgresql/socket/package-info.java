/**
 * Sockets beneath pgjdbc: they can be looked at, end in time, and are read along, beneath TLS or
 * above it. pgjdbc makes the factories by their names, and so this is the package that is exported
 * to it. Users never come here.
 */
@NullMarked
package io.everpool.postgresql.socket;

import org.jspecify.annotations.NullMarked;
