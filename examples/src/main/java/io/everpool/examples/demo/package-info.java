/**
 * What surrounds the application in the demo: load, kills, progress on the terminal and a final
 * account.
 */
@NullMarked
package io.everpool.examples.demo;

import org.jspecify.annotations.NullMarked;
