/** Tests of the package of the same name. */
@NullMarked
package io.everpool.core.advice;

import org.jspecify.annotations.NullMarked;
