/** Tests of the package of the same name. */
@NullMarked
package io.everpool.core.policy;

import org.jspecify.annotations.NullMarked;
