/** Pools, with DataSource and Jdbi, as eager singletons of a Guice injector. */
@NullMarked
package io.everpool.guice;

import org.jspecify.annotations.NullMarked;
