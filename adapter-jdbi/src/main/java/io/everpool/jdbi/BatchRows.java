package io.everpool.jdbi;

import io.everpool.api.framework.OneShotArguments;
import java.lang.annotation.Annotation;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.generic.GenericTypes;
import org.jdbi.v3.core.result.ResultIterable;
import org.jspecify.annotations.Nullable;

/**
 * The rows that a {@code @SqlBatch} method is given. Jdbi keeps the rows of a chunk for another
 * run. But if a run has read a value in a row, such as a stream, Jdbi doesn't keep what was read.
 */
record BatchRows(Class<?> type, Method method) {
  static final OneShotArguments ONE_SHOTS = new OneShotArguments(ResultIterable.class);

  private static final String SINGLE_VALUE = "org.jdbi.v3.sqlobject.SingleValue";

  /**
   * Whether a row has, or may have, a value that can be read only once. An iterator must not be
   * read here, so for its rows the declared type of the elements decides.
   */
  boolean holdOneShots(@Nullable Object @Nullable ... args) {
    Parameter[] parameters = method.getParameters();
    for (int i = 0; args != null && i < args.length; i++) {
      if (!ONE_SHOTS.in(args[i]).isEmpty()
          && !(isOfRows(parameters[i], args[i]) && !mayBeOneShot(element(parameters[i])))) {
        return true;
      }
    }
    return false;
  }

  private static boolean isOfRows(Parameter parameter, @Nullable Object arg) {
    return (arg instanceof Iterator || (arg instanceof Iterable && !(arg instanceof Collection)))
        && !isSingleValue(parameter);
  }

  private static boolean isSingleValue(Parameter parameter) {
    for (Annotation each : parameter.getAnnotations()) {
      // The annotation is found by its name, so that this module doesn't need SqlObject if the
      // application doesn't.
      if (each.annotationType().getName().equals(SINGLE_VALUE)) {
        return true;
      }
    }
    return false;
  }

  private Type element(Parameter parameter) {
    Type declared = GenericTypes.resolveType(parameter.getParameterizedType(), type);
    return GenericTypes.findGenericParameter(declared, Iterator.class)
        .or(() -> GenericTypes.findGenericParameter(declared, Iterable.class))
        .orElse(Object.class);
  }

  /**
   * Whether a value that is declared as this type may be one that can be read only once, or contain
   * one.
   */
  static boolean mayBeOneShot(Type declared) {
    if (declared instanceof Class<?> plain) {
      return plain.isArray()
          ? mayBeOneShot(plain.getComponentType())
          : isContainer(plain) || ONE_SHOTS.mayBe(plain);
    }
    if (declared instanceof ParameterizedType generic) {
      Class<?> raw = (Class<?>) generic.getRawType();
      return isContainer(raw)
          ? Arrays.stream(generic.getActualTypeArguments()).anyMatch(BatchRows::mayBeOneShot)
          : ONE_SHOTS.mayBe(raw);
    }
    if (declared instanceof GenericArrayType array) {
      return mayBeOneShot(array.getGenericComponentType());
    }
    if (declared instanceof WildcardType wildcard) {
      return mayBeOneShot(wildcard.getUpperBounds()[0]);
    }
    // The bound of a variable may name the variable again, and so on for ever. So only a bound that
    // is a class is looked at.
    return !(declared instanceof TypeVariable<?> variable
        && variable.getBounds()[0] instanceof Class<?> bound
        && !mayBeOneShot(bound));
  }

  private static boolean isContainer(Class<?> raw) {
    return Collection.class.isAssignableFrom(raw)
        || Map.class.isAssignableFrom(raw)
        || raw == Optional.class;
  }
}
