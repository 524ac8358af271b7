/**
 * The JDBC faces that programs hold instead of the driver's objects, and the clean-up of what a
 * lease leaves.
 */
@NullMarked
package io.everpool.core.jdbc;

import org.jspecify.annotations.NullMarked;
