/**
 * What statements leave in a session, and how it is cleared: side effects as the text tells them
 * and as the catalogues do, and the statements of a reset. For the connector and its connections.
 */
@NullMarked
package io.everpool.postgresql.session;

import org.jspecify.annotations.NullMarked;
