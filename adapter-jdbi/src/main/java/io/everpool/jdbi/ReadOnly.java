package io.everpool.jdbi;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The SqlObject's method, or each method of the SqlObject's type, only reads: its connection is set
 * read-only meanwhile, and it is rerun whole whenever its connection breaks.
 *
 * <p>A {@code @Transaction} method beside it should say {@code readOnly = true}: one that doesn't
 * is refused by Jdbi where another calls it.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface ReadOnly {}
