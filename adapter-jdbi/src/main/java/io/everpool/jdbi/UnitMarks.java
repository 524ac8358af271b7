package io.everpool.jdbi;

import io.everpool.api.WorkOptions;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;

/** What the annotations say about a method of a SqlObject. */
record UnitMarks(
    boolean readOnly, boolean idempotent, boolean statement, boolean batch, String label) {
  private static final String STATEMENTS = "org.jdbi.v3.sqlobject.statement.Sql";

  static UnitMarks of(Class<?> type, Method method) {
    return new UnitMarks(
        marked(ReadOnly.class, type, method),
        marked(Idempotent.class, type, method),
        isAnnotated(method, STATEMENTS),
        isAnnotated(method, STATEMENTS + "Batch"),
        type.getSimpleName() + "." + method.getName());
  }

  /** Puts these marks on top of what was configured. */
  WorkOptions over(UnitOptions configured) {
    WorkOptions options = configured.of(label);
    return options
        .withReadOnly(readOnly || options.readOnly())
        .withIdempotent(idempotent || options.idempotent());
  }

  private static boolean marked(Class<? extends Annotation> mark, Class<?> type, Method method) {
    return method.isAnnotationPresent(mark)
        || type.isAnnotationPresent(mark)
        || method.getDeclaringClass().isAnnotationPresent(mark);
  }

  /**
   * Whether the method is a statement of its own, which an annotation tells whose name begins with
   * this text: {@code @SqlQuery}, {@code @SqlUpdate}, ...
   */
  private static boolean isAnnotated(Method method, String beginning) {
    for (Annotation annotation : method.getAnnotations()) {
      // The annotation is found by its name, so that this module doesn't need SqlObject if the
      // application doesn't.
      if (annotation.annotationType().getName().startsWith(beginning)) {
        return true;
      }
    }
    return false;
  }
}
