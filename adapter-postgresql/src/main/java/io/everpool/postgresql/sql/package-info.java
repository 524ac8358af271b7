/**
 * Reads SQL as far as its words: where a statement begins, and of what kind it is. Pure functions
 * of a text; knows nobody, and may be used by everybody.
 */
@NullMarked
package io.everpool.postgresql.sql;

import org.jspecify.annotations.NullMarked;
