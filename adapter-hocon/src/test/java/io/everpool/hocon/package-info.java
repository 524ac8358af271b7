/** Tests of what HOCON becomes. */
@NullMarked
package io.everpool.hocon;

import org.jspecify.annotations.NullMarked;
