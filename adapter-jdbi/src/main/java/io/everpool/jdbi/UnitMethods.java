package io.everpool.jdbi;

import io.everpool.api.WorkOptions;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;

/** What is known about the methods of SqlObjects. */
final class UnitMethods {
  private static final String STATEMENTS = "org.jdbi.v3.sqlobject.statement.Sql";

  private UnitMethods() {}

  /** What the marks on {@code method} of {@code type} and the configuration say. */
  static WorkOptions options(UnitOptions configured, Class<?> type, Method method) {
    WorkOptions options = configured.of(type.getSimpleName() + "." + method.getName());
    if (marked(ReadOnly.class, type, method)) {
      options = options.withReadOnly(true);
    }
    return marked(Idempotent.class, type, method) ? options.withIdempotent(true) : options;
  }

  /**
   * Whether {@code method} is a statement of its own: {@code @SqlQuery}, {@code @SqlUpdate}, ...
   */
  static boolean isStatement(Method method) {
    for (Annotation annotation : method.getAnnotations()) {
      // by name, so that this module doesn't need SqlObject where the application doesn't
      if (annotation.annotationType().getName().startsWith(STATEMENTS)) {
        return true;
      }
    }
    return false;
  }

  private static boolean marked(Class<? extends Annotation> mark, Class<?> type, Method method) {
    return method.isAnnotationPresent(mark)
        || type.isAnnotationPresent(mark)
        || method.getDeclaringClass().isAnnotationPresent(mark);
  }
}
