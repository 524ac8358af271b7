/**
 * The ports for code that watches a pool: rare events as records, frequent measurements as
 * primitives.
 */
@NullMarked
package io.everpool.api.observe;

import org.jspecify.annotations.NullMarked;
