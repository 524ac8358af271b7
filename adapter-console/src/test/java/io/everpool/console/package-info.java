@NullMarked
package io.everpool.console;

import org.jspecify.annotations.NullMarked;
