/** Any JDBC driver or DataSource, with what java.sql knows of it and no more. */
@NullMarked
package io.everpool.core.plain;

import org.jspecify.annotations.NullMarked;
