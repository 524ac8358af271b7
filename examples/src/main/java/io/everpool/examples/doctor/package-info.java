/** The doctor as a command. */
@NullMarked
package io.everpool.examples.doctor;

import org.jspecify.annotations.NullMarked;
