/** An application with everything that people put on a data source. */
@NullMarked
package io.everpool.spring.shop;

import org.jspecify.annotations.NullMarked;
