/** The values that pass between the pool and its drivers. */
@NullMarked
package io.everpool.api.driver;

import org.jspecify.annotations.NullMarked;
