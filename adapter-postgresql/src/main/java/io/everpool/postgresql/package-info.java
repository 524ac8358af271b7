/**
 * PostgreSQL through pgjdbc. Here is what the pool knows of it, the adapter, its connector and its
 * connections; they put together what the packages below know, each of one thing. Nobody below
 * knows what is here.
 */
@NullMarked
package io.everpool.postgresql;

import org.jspecify.annotations.NullMarked;
