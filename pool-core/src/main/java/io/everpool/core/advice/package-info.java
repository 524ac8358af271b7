/** What the pool was asked for, and how large it should be for that. */
@NullMarked
package io.everpool.core.advice;

import org.jspecify.annotations.NullMarked;
