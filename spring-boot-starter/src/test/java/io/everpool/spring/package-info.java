/** Applications of Spring Boot as people have them, on pools of Everpool. */
@NullMarked
package io.everpool.spring;

import org.jspecify.annotations.NullMarked;
