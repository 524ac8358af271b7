/** What adapters of frameworks need from a pool, beside what its users need. */
@NullMarked
package io.everpool.api.framework;

import org.jspecify.annotations.NullMarked;
