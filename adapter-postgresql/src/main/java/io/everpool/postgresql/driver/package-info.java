/**
 * The pgjdbc that is there. The user chooses its version, so this package looks for what it can do.
 * Its internal packages are touched here and nowhere else, and always with another way for versions
 * that lack them. All other packages may ask this one; it knows none of them.
 */
@NullMarked
package io.everpool.postgresql.driver;

import org.jspecify.annotations.NullMarked;
