/** Pools in Spring Boot, 3.5 and 4: by auto-configuration, from the environment's properties. */
@NullMarked
package io.everpool.spring;

import org.jspecify.annotations.NullMarked;
