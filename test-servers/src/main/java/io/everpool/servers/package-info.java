/** Real PostgreSQL servers, a proxy that breaks connections, and a standby, for tests. */
@NullMarked
package io.everpool.servers;

import org.jspecify.annotations.NullMarked;
