/**
 * Reads along what goes over the wire, and remembers what of it may be there for good. Knows bytes
 * alone, neither sockets nor JDBC; whoever has a stream feeds a {@link
 * io.everpool.postgresql.protocol.ProtocolTap} and asks its {@link
 * io.everpool.postgresql.protocol.ProtocolLog}.
 */
@NullMarked
package io.everpool.postgresql.protocol;

import org.jspecify.annotations.NullMarked;
