/**
 * The pgjdbc that is there: its version is the user's choice, so what it can do is looked for. Its
 * internal packages are touched here and nowhere else, and with a way back. Everybody may ask; it
 * knows nobody.
 */
@NullMarked
package io.everpool.postgresql.driver;

import org.jspecify.annotations.NullMarked;
