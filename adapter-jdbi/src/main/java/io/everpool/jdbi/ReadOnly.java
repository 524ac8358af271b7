package io.everpool.jdbi;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a method of a SqlObject, or all methods of a SqlObject's type, that only reads: its
 * connection is set read-only meanwhile, and it is rerun whole whenever its connection breaks.
 *
 * <p>A {@code @Transaction} method that has this mark should say {@code readOnly = true}: if it
 * doesn't, Jdbi refuses it when another such method calls it.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface ReadOnly {}
