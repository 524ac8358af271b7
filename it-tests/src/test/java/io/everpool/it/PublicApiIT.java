package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What users can name changes on purpose only: all of it is written down in docs/api, a file for
 * each module, and a change of the one must be a change of the other. Run with {@code
 * -Deverpool.api.write=true}, the test writes the files anew; the difference is for a reviewer to
 * judge.
 */
class PublicApiIT {
  private static final Path DOCS = Path.of(System.getProperty("basedir", "."), "..", "docs", "api");
  private static final boolean WRITE = Boolean.getBoolean("everpool.api.write");

  static List<ModuleReference> modules() {
    return Modules.onClassPath().stream()
        .filter(module -> module.descriptor().name().startsWith("io.everpool."))
        .filter(module -> !module.descriptor().isAutomatic())
        .toList();
  }

  @ParameterizedTest
  @MethodSource("modules")
  void nothingPublicChangesUnseen(ModuleReference module) throws Exception {
    Path file = DOCS.resolve(module.descriptor().name() + ".txt");
    String now = String.join("\n", describe(module)) + "\n";
    if (WRITE) {
      Files.createDirectories(DOCS);
      Files.writeString(file, now);
    }
    assertThat(now).isEqualTo(Files.readString(file));
  }

  private static List<String> describe(ModuleReference module) throws Exception {
    Set<String> exported =
        module.descriptor().exports().stream()
            .filter(export -> !export.isQualified())
            .map(ModuleDescriptor.Exports::source)
            .collect(Collectors.toSet());
    List<String> lines = new ArrayList<>();
    for (String name : classes(module)) {
      if (exported.contains(name.substring(0, name.lastIndexOf('.')))) {
        Class<?> type = Class.forName(name, false, PublicApiIT.class.getClassLoader());
        if (reachable(type)) {
          lines.add(header(type));
          members(type).forEach(member -> lines.add("  " + member));
        }
      }
    }
    return lines;
  }

  private static Set<String> classes(ModuleReference module) throws IOException {
    try (ModuleReader reader = module.open();
        Stream<String> files = reader.list()) {
      return files
          .filter(file -> file.endsWith(".class") && file.contains("/"))
          .filter(file -> !file.endsWith("package-info.class"))
          .map(file -> file.substring(0, file.length() - ".class".length()).replace('/', '.'))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private static boolean reachable(Class<?> type) {
    Class<?> outer = type.getDeclaringClass();
    return visible(type.getModifiers())
        && !type.isAnonymousClass()
        && (outer == null || reachable(outer));
  }

  private static boolean visible(int modifiers) {
    return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
  }

  private static String header(Class<?> type) {
    String kind =
        type.isAnnotation()
            ? "@interface"
            : type.isInterface()
                ? "interface"
                : type.isEnum() ? "enum" : type.isRecord() ? "record" : "class";
    Stream<String> above =
        Stream.concat(
                Stream.ofNullable(type.getGenericSuperclass()),
                Arrays.stream(type.getGenericInterfaces()))
            .map(Type::getTypeName)
            .filter(name -> !name.equals("java.lang.Object"));
    return (type.isSealed() ? "sealed " : "")
        + (Modifier.isFinal(type.getModifiers()) ? "final " : "")
        + (Modifier.isAbstract(type.getModifiers()) && !type.isInterface() ? "abstract " : "")
        + kind
        + " "
        + type.getName()
        + above.collect(Collectors.joining(", ", " : ", "")).replaceFirst(" : $", "");
  }

  private static Set<String> members(Class<?> type) {
    return Stream.<Member[]>of(
            type.getDeclaredConstructors(), type.getDeclaredMethods(), type.getDeclaredFields())
        .flatMap(Arrays::stream)
        .filter(member -> visible(member.getModifiers()) && !member.isSynthetic())
        .map(PublicApiIT::text)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static String text(Member member) {
    return member instanceof Field field
        ? field.toGenericString()
        : ((Executable) member).toGenericString();
  }
}
