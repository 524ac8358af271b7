/** The JDBC faces that programs hold instead of the driver's objects, and what a lease leaves. */
@NullMarked
package io.everpool.core.jdbc;

import org.jspecify.annotations.NullMarked;
