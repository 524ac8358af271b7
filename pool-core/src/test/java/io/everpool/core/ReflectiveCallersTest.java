package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Frameworks and scripts may look a method up in the class of what they hold, and call it by
 * reflection: ShardingSphere so reads the properties of a data source. They may call it only if the
 * class that declares it is public, as the driver's own classes are.
 */
class ReflectiveCallersTest {

  @ParameterizedTest
  @MethodSource("faces")
  void mayCallWhatTheyFind(Class<?> face) {
    for (Method declared : (Iterable<Method>) ofJdbc(face)::iterator) {
      assertThat(face)
          .satisfies(
              type -> {
                Method found = type.getMethod(declared.getName(), declared.getParameterTypes());
                assertThat(Modifier.isPublic(found.getDeclaringClass().getModifiers()))
                    .as("whether %s is declared by a public class", found)
                    .isTrue();
              });
    }
  }

  /** Every class of which a program gets an object as one of JDBC's. */
  static List<Class<?>> faces() {
    List<Class<?>> faces =
        new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("io.everpool.core")
                .stream()
                .filter(type -> !type.isInterface())
                .filter(type -> !type.getModifiers().contains(JavaModifier.ABSTRACT))
                .<Class<?>>map(JavaClass::reflect)
                .filter(type -> ofJdbc(type).findAny().isPresent())
                .toList();
    assertThat(faces).hasSizeGreaterThan(15).contains(EverpoolPool.class);
    return faces;
  }

  private static Stream<Method> ofJdbc(Class<?> type) {
    return Stream.<Class<?>>iterate(type, at -> at != null, Class::getSuperclass)
        .flatMap(at -> Arrays.stream(at.getInterfaces()))
        .flatMap(ReflectiveCallersTest::withParents)
        .distinct()
        .filter(at -> at.getName().startsWith("java.sql.") || at.getName().startsWith("javax.sql."))
        .flatMap(at -> Arrays.stream(at.getMethods()))
        .filter(method -> !Modifier.isStatic(method.getModifiers()));
  }

  private static Stream<Class<?>> withParents(Class<?> type) {
    return Stream.concat(
        Stream.of(type),
        Arrays.stream(type.getInterfaces()).flatMap(ReflectiveCallersTest::withParents));
  }
}
