/** What adapters of frameworks need of a pool, beside what its users do. */
@NullMarked
package io.everpool.api.framework;

import org.jspecify.annotations.NullMarked;
