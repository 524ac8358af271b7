/** Tests of pools in JMX. */
@NullMarked
package io.everpool.jmx;

import org.jspecify.annotations.NullMarked;
