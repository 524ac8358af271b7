/**
 * What statements leave in a session, and how it is cleared: side effects as the text tells them
 * and as the catalogues do, and the statements of a reset. The connector and its connections use
 * this package.
 */
@NullMarked
package io.everpool.postgresql.session;

import org.jspecify.annotations.NullMarked;
