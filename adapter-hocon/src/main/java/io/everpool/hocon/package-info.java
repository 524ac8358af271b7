/** Pool settings from HOCON: {@code everpool { ... }} becomes a {@code PoolConfig}. */
@NullMarked
package io.everpool.hocon;

import org.jspecify.annotations.NullMarked;
