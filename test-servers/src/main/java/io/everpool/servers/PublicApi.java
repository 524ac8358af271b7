package io.everpool.servers;

import java.io.IOException;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What users can name of a module, as docs/api has it. No server, but here are those that the tests
 * of all modules share.
 */
public final class PublicApi {
  private static final Path DOCS = Path.of(System.getProperty("basedir", "."), "..", "docs", "api");
  private static final boolean WRITE = Boolean.getBoolean("everpool.api.write");

  /** What to do where the two differ; for the failure's message. */
  public static final String HOW_TO_CHANGE =
      "what users can name has changed: undo it, or have docs/api written anew by running this test"
          + " with -Deverpool.api.write=true (CONTRIBUTING, What users can name)";

  private PublicApi() {}

  /**
   * What is written of a module, nothing of a new one; with {@code -Deverpool.api.write=true}
   * {@code now} is, first.
   */
  public static String written(String module, String now) throws IOException {
    Path file = DOCS.resolve(module + ".txt");
    if (WRITE) {
      Files.createDirectories(DOCS);
      Files.writeString(file, now);
    }
    return Files.exists(file) ? Files.readString(file) : "";
  }

  /**
   * Those of the classes that can be named, each in a line that its members' lines follow.
   *
   * @param classes the names of the classes in the packages that are the users'
   */
  public static String describe(Collection<String> classes, ClassLoader loader)
      throws ClassNotFoundException {
    StringBuilder lines = new StringBuilder();
    for (String name : new TreeSet<>(classes)) {
      Class<?> type = Class.forName(name, false, loader);
      if (reachable(type)) {
        lines.append(header(type)).append('\n');
        members(type).forEach(member -> lines.append("  ").append(member).append('\n'));
      }
    }
    return lines.toString();
  }

  /** The names of classes by those of their files, of which other files are passed over. */
  public static Set<String> classes(Stream<String> files) {
    return files
        .filter(file -> file.endsWith(".class") && file.contains("/"))
        .filter(file -> !file.endsWith("package-info.class"))
        .map(file -> file.substring(0, file.length() - ".class".length()).replace('/', '.'))
        .collect(Collectors.toSet());
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
        .map(PublicApi::text)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static String text(Member member) {
    return member instanceof Field field
        ? field.toGenericString()
        : ((Executable) member).toGenericString();
  }
}
