package io.everpool.jdbi;

import java.lang.annotation.Annotation;
import java.lang.reflect.Type;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.generic.GenericTypes;
import org.jdbi.v3.core.qualifier.QualifiedType;
import org.jdbi.v3.json.Json;
import org.jspecify.annotations.Nullable;

/** Which types carry {@link Json}. */
final class JsonTypes {
  private JsonTypes() {}

  /**
   * What {@code type} is to be written and read as, if it is JSON wherever it occurs: itself, if it
   * carries {@link Json}; or else the class or interface above it that does, for an enum's constant
   * with a body and an implementation of a sealed interface are of a class that nobody named. If
   * that has type parameters only {@code type} itself knows them.
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

  /** The nearest class at or above {@code type} that carries {@link Json}, else an interface. */
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

  /** Whether a use says nothing about the type, or that it is JSON. */
  static boolean maySayJson(QualifiedType<?> type) {
    Set<Annotation> qualifiers = type.getQualifiers();
    return qualifiers.isEmpty() || (qualifiers.size() == 1 && type.hasQualifier(Json.class));
  }
}
