/** How soon after a restart of the server a pool works again, beside HikariCP. */
@NullMarked
package io.everpool.benchmarks.restarts;

import org.jspecify.annotations.NullMarked;
