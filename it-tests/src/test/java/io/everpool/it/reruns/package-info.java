/** Every way to write and commit, cut off at every request, in every kind of unit of work. */
@NullMarked
package io.everpool.it.reruns;

import org.jspecify.annotations.NullMarked;
