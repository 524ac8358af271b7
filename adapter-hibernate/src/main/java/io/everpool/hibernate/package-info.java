/** Pools in Hibernate ORM. */
@NullMarked
package io.everpool.hibernate;

import org.jspecify.annotations.NullMarked;
