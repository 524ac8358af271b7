/** Settings and what is shown of them. */
@NullMarked
package io.everpool.api;

import org.jspecify.annotations.NullMarked;
