/** The origin's thirteen rows, and what else the pool promises, on real servers. */
@NullMarked
package io.everpool.it;

import org.jspecify.annotations.NullMarked;
