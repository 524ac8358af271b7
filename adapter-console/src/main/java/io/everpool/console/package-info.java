/** A page on which an operator sees pools at work, and acts on them. */
@NullMarked
package io.everpool.console;

import org.jspecify.annotations.NullMarked;
