/** Pools in Dropwizard. */
@NullMarked
package io.everpool.dropwizard;

import org.jspecify.annotations.NullMarked;
