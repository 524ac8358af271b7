/** An application, as users write one. */
@NullMarked
package io.everpool.dropwizard.shop;

import org.jspecify.annotations.NullMarked;
