/**
 * PostgreSQL through pgjdbc. This package has the classes that the pool knows: the adapter, its
 * connector and its connections. They put together what the packages below know, and each of those
 * knows one thing. No package below knows this one.
 */
@NullMarked
package io.everpool.postgresql;

import org.jspecify.annotations.NullMarked;
