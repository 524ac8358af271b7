/** Makes one pool of several, a writer and readers that follow it: who gets which work. */
@NullMarked
package io.everpool.core.replicas;

import org.jspecify.annotations.NullMarked;
