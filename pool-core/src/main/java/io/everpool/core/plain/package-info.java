/** Serves any JDBC driver or DataSource with only what java.sql knows of it. */
@NullMarked
package io.everpool.core.plain;

import org.jspecify.annotations.NullMarked;
