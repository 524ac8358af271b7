/** A second real driver: what the driver's port asks for has to be possible without PostgreSQL. */
@NullMarked
package io.everpool.core.h2;

import org.jspecify.annotations.NullMarked;
