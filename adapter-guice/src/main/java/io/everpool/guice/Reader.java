package io.everpool.guice;

import com.google.inject.BindingAnnotation;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks the {@link javax.sql.DataSource} and the {@link org.jdbi.v3.core.Jdbi} that only read. They
 * are those of {@link io.everpool.api.Pool#reader()}, of the pool that is bound without an
 * annotation.
 *
 * @see EverpoolModule#readerAnnotatedWith(Class)
 */
@Documented
@BindingAnnotation
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.PARAMETER, ElementType.FIELD, ElementType.METHOD})
public @interface Reader {}
