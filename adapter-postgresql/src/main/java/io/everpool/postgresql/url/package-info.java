/**
 * What a person writes (URLs of every kind, connection strings, service files, the environment and
 * properties), and what of it becomes pgjdbc's properties. {@link
 * io.everpool.postgresql.url.Destinations} is the entry, and tells problems.
 */
@NullMarked
package io.everpool.postgresql.url;

import org.jspecify.annotations.NullMarked;
