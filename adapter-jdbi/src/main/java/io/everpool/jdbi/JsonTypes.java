package io.everpool.jdbi;

import java.lang.annotation.Annotation;
import java.lang.reflect.Type;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.generic.GenericTypes;
import org.jdbi.v3.core.qualifier.QualifiedType;
import org.jdbi.v3.json.Json;
import org.jspecify.annotations.Nullable;

/** Finds out which types carry {@link Json}. */
final class JsonTypes {
  private JsonTypes() {}

  /**
   * The type as which {@code type} is written and read, if it is JSON wherever it occurs. It is the
   * type itself, if that carries {@link Json}; or else the class or interface above it that carries
   * it. For an enum's constant with a body, and an implementation of a sealed interface, have
   * classes that nobody named. If the class above has type parameters, only {@code type} itself
   * knows them.
   */
  static Optional<Type> json(Type type) {
    Class<?> erased = GenericTypes.getErasedType(type);
    Class<?> carrier = carrier(erased);
    if (carrier == null) {
      return Optional.empty();
    }
    return Optional.of(
        carrier == erased || carrier.getTypeParameters().length > 0 ? type : carrier);
  }

  /**
   * The nearest class at or above {@code type} that carries {@link Json}, or else an interface that
   * does.
   */
  private static @Nullable Class<?> carrier(Class<?> type) {
    for (Class<?> each = type; each != null; each = each.getSuperclass()) {
      if (each.isAnnotationPresent(Json.class)) {
        return each;
      }
    }
    for (Class<?> each = type; each != null; each = each.getSuperclass()) {
      for (Class<?> above : each.getInterfaces()) {
        Class<?> carrier = carrier(above);
        if (carrier != null) {
          return carrier;
        }
      }
    }
    return null;
  }

  /** Whether a use of the type says nothing more about it, or says that it is JSON. */
  static boolean maySayJson(QualifiedType<?> type) {
    Set<Annotation> qualifiers = type.getQualifiers();
    return qualifiers.isEmpty() || (qualifiers.size() == 1 && type.hasQualifier(Json.class));
  }
}
