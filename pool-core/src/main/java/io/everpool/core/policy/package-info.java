/** What to do, as pure functions of facts, the time and sometimes a random number. */
@NullMarked
package io.everpool.core.policy;

import org.jspecify.annotations.NullMarked;
