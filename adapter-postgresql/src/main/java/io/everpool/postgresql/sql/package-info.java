/**
 * Reads SQL as far as its words: where a statement begins, and of what kind it is. These are pure
 * functions of a text. They know no other package, and any package may use them.
 */
@NullMarked
package io.everpool.postgresql.sql;

import org.jspecify.annotations.NullMarked;
