/** The console in a servlet container. */
@NullMarked
package io.everpool.console.servlet;

import org.jspecify.annotations.NullMarked;
